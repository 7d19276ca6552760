"""The figures as they are shown: now and on past days, broken down, live."""
