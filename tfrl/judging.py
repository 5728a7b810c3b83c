"""Which policy of a run its scores are of."""


def policy(environment_id: str) -> str:
    """The policy that is judged: the greedy one, but in a maze the stochastic one.

    An agent without memory that always takes the action it rates highest walks in circles in mazes
    that it has not memorised: with every setting of studies/tuning-maze.toml, which judged the
    stochastic policy for that reason, it failed in nine mazes of ten. Ten mazes that are memorised
    it solves, so the greedy policy's gap is the larger one.
    """
    return "stochastic" if environment_id == "Maze-v0" else "greedy"
