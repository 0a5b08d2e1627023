"""The language of the loop: compositions, spaces, properties, goals, records and reference models.

Nothing here imports torch, ray, mlflow or pycalphad, so that every room can speak it cheaply.
"""
