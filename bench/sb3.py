"""DQN and PPO on CartPole-v1 by Stable-Baselines3, on one thread.

    .venv-bench/bin/python bench/sb3.py dqn [--environments 8]

Prints `{"rate": ...}`, the first steps excluded: updates per second for DQN (one update of batch 64
for each step in each of its environments, net 100-50), environment steps per second for PPO (8
environments x 32 steps, 20 full-batch epochs, nets 64-64).
"""

import argparse
import json
import time

import torch
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.env_util import make_vec_env

ENVIRONMENT = "CartPole-v1"


def make_dqn(environments: int) -> DQN:
    """DQN as TF-Agents' tutorial has it."""
    return DQN(
        "MlpPolicy",
        make_vec_env(ENVIRONMENT, n_envs=environments),
        policy_kwargs={"net_arch": [100, 50]},
        learning_rate=1e-3,
        buffer_size=100_000,
        batch_size=64,
        learning_starts=100,
        train_freq=1,
        gradient_steps=-1,  # as many as steps were taken
        target_update_interval=100,
        device="cpu",
    )


def make_ppo(environments: int) -> PPO:
    """PPO with one batch of all that was collected in each of its epochs."""
    return PPO(
        "MlpPolicy",
        make_vec_env(ENVIRONMENT, n_envs=environments),
        policy_kwargs={"net_arch": {"pi": [64, 64], "vf": [64, 64]}},
        learning_rate=1e-3,
        n_steps=32,
        batch_size=environments * 32,
        n_epochs=20,
        gamma=0.98,
        gae_lambda=0.8,
        device="cpu",
    )


def main() -> None:
    """Prints the rate of the algorithm named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("algorithm", choices=("dqn", "ppo"))
    parser.add_argument("--environments", type=int, help="stepped together (DQN: 1, PPO: 8)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    make, environments, warm_up, steps = {
        "dqn": (make_dqn, 1, 600, 4_000),
        "ppo": (make_ppo, 8, 2_048, 25_600),
    }[arguments.algorithm]
    model = make(arguments.environments or environments)
    model.learn(warm_up)
    before, start = model.num_timesteps, time.perf_counter()
    model.learn(steps, reset_num_timesteps=False)
    seconds = time.perf_counter() - start
    print(json.dumps({"rate": (model.num_timesteps - before) / seconds}))


if __name__ == "__main__":
    main()
