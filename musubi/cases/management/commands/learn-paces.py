from django.core.management.base import BaseCommand

from musubi.cases.radar.learning import learn


class Command(BaseCommand):
    help = (
        "段階ごとの日数の目安と、停滞したときに効いた一手を、記録から計算し直す(ふだんは毎晩自動で行われる)"
    )

    def handle(self, **options):
        done = learn()
        self.stdout.write(
            f"段階の滞在 {done['stays']} 件から、目安を {done['paces']} 種類、"
            f"効いた一手を {done['remedies']} 種類計算しました。"
        )
