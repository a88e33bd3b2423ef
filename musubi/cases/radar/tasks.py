"""Learning anew every night."""

from musubi.cases.radar.learning import learn
from musubi.notify.tasks import periodic


@periodic("cases: learn how long stages take")
def learn_paces():
    learn()
