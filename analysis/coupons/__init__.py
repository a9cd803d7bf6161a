"""Coupons: what became of each, how soon and how many come back, and how far those get whom they bring."""
