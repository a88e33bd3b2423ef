"""What the secretariat, the committee and applicants do with a fund. By topic: money in."""

from musubi.fund.actions.money import cancel_pledge, earmark, open_fund, pledge, receive, return_contribution

__all__ = ["open_fund", "earmark", "pledge", "receive", "cancel_pledge", "return_contribution"]
