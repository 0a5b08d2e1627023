"""Models on trial: do they hold where nothing like it was seen, and does making up data help them?"""
