"""Learning anew every night."""

from musubi.cases.radar.learning import learn
from musubi.notify.tasks import periodic


@periodic("段階の目安を学び直す")
def learn_paces():
    learn()
