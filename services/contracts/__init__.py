"""Contracts with terms and notice periods, subscriptions, and what they bring month by month."""
