"""What an action says when it does not act. Every message is a Japanese sentence a person can act on."""


class Refused(Exception):
    """An action declined to act; nothing was changed. `str(error)` is shown to the person as it is."""

    def __init__(self, message: str, *, field: str | None = None):
        super().__init__(message)
        self.field = field


class NotAllowed(Refused):
    """The person may not do this."""

    def __init__(
        self,
        message: str = "この操作を行う権限がありません。担当の方か公民連携デスクにお問い合わせください。",
    ):
        super().__init__(message)


class Conflict(Refused):
    """Somebody was faster: the record is no longer in the state the person saw."""


class Missing(Refused):
    """Something the step needs is not on the record yet; `field` names it where it is one field."""
