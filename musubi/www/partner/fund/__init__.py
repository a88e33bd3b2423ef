"""An organisation's applications to a fund and what follows an award: everything below `/my/fund/`."""
