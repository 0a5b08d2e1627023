"""How good a generator is: measures that cannot be flattered one by one, on one protocol, beside plain baselines.

`measures` and `realism` are pure functions of arrays; `table` is the data, `oracle` answers what a composition's
properties are, `protocol` asks the questions, `baselines` are contestants without a network,
`measuring` takes one through it, `run` all.
"""
