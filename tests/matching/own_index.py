"""The index of one test."""

from musubi.matching import feed, live


class OwnIndex:
    """Call it to make the index from the rows there are; `follow()` takes in what happened since."""

    def __call__(self) -> None:
        feed.rebuild(helpers=0)
        live.forget()

    def follow(self) -> int:
        """Returns how many journal entries that were."""
        taken = feed.follow()
        live.forget()
        return taken
