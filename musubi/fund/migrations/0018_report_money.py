"""What really came, and why costs without evidence were accepted, in the performance report."""

from django.db import migrations, models

MONEY = ["other_grants", "income", "deductible_tax"]


def as_applied_for(apps, schema_editor):
    """Until now the final amount was reckoned from what was applied for."""
    Report = apps.get_model("fund", "Report")
    for report in Report.objects.select_related("award__application").iterator():
        for name in MONEY:
            setattr(report, name, getattr(report.award.application, name))
        if report.reported_at:
            report.reported_money = {name: getattr(report, name) for name in MONEY}
        report.save(update_fields=[*MONEY, "reported_money"])


class Migration(migrations.Migration):
    dependencies = [("fund", "0017_ledger_by_constraint")]

    operations = [
        migrations.AddField(
            "report", "other_grants", models.PositiveBigIntegerField(default=0, verbose_name="ほかの助成金(円)")
        ),
        migrations.AddField(
            "report", "income", models.PositiveBigIntegerField(default=0, verbose_name="事業の収入(円)")
        ),
        migrations.AddField(
            "report",
            "deductible_tax",
            models.PositiveBigIntegerField(default=0, verbose_name="控除できる消費税等(円)"),
        ),
        migrations.AddField(
            "report",
            "reported_money",
            models.JSONField(
                default=dict,
                editable=False,
                help_text="the three sums as reported, and the `grant` they came to; an inspection may correct the sums",
            ),
        ),
        migrations.AddField(
            "report",
            "without_evidence",
            models.TextField(blank=True, verbose_name="証拠書類のない支出を認めた理由"),
        ),
        migrations.RunPython(as_applied_for, migrations.RunPython.noop),
    ]
