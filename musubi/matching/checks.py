"""What `script/musubi check` says about matching."""

from django.conf import settings
from django.core.checks import Warning, register


@register("matching")
def embedding_model(app_configs, **kwargs) -> list[Warning]:
    """A dense model is asked for that cannot be used: the product goes on without it."""
    if not settings.EMBEDDING_MODEL:
        return []
    from musubi.matching.engine.embedding import problem

    if not (why := problem(settings.EMBEDDING_MODEL)):
        return []
    return [
        Warning(
            f"MUSUBI_EMBEDDING_MODEL のモデルを使えません。{why}",
            hint="直すまで、候補はこのモデルなしで選ばれます。",
            id="matching.W001",
        )
    ]
