from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0011_remedy")]

    operations = [
        migrations.AddField(
            model_name="agreementfile",
            name="scanned",
            field=models.CharField(
                choices=[
                    ("clean", "ウイルス検査: 異常なし"),
                    ("infected", "ウイルスが見つかりました"),
                    ("not_scanned", "ウイルス検査: 未検査"),
                ],
                default="not_scanned",
                max_length=12,
                verbose_name="ウイルス検査",
            ),
        ),
    ]
