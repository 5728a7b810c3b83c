"""DQN and PPO on CartPole-v1 in JAX, for nothing else: each training is one compiled loop.

    taskset -c 0 .venv-bench/bin/python bench/jax_peer.py ppo [--seeds 8]

The work is that of `bench/ours.py`: the same networks, rollouts, replay buffer, updates and
learning rates. Read it from `train_ppo` or `train_dqn` on: each is a function of a seed, which
`jax.jit` compiles and `jax.vmap` turns into a function of several seeds trained together.

Only the ends of episodes differ. Here the next episode starts in the step that ends the last one,
as in most environments written in JAX. In TF-Agents a frame of its own resets an environment.

Prints one JSON object: `rate`, updates per second for DQN and environment steps per second for PPO,
of all seeds together and without compiling; `compile_seconds`; and the mean length of episodes in
the first and in the last tenth of training, which shows that the agent learns.
"""

import argparse
import functools
import itertools
import json
import os
import time
from collections.abc import Callable
from typing import NamedTuple

ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {ONE_THREAD}"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import optax  # noqa: E402

Array = jax.Array
Network = list[tuple[Array, Array]]  # kernel and bias of each layer

STEPS = {"dqn": 25_000, "ppo": 100_000}  # environment steps of a seed
RUNS = {"dqn": 2, "ppo": 3}  # timed one after the other, of one seed each

# CartPole-v1, as in Gymnasium.
GRAVITY, CART_MASS, POLE_MASS, HALF_LENGTH = 9.8, 1.0, 0.1, 0.5
FORCE, SECONDS = 10.0, 0.02  # of a push, of a step
TOTAL_MASS, MASS_LENGTH = CART_MASS + POLE_MASS, POLE_MASS * HALF_LENGTH
LARGEST_POSITION, LARGEST_ANGLE = 2.4, 12 * 2 * jnp.pi / 360
TIME_LIMIT = 500
LARGEST_START = 0.05


class Environment(NamedTuple):
    """One CartPole, in the middle of an episode."""

    observation: Array  # [4]: position and angle, each followed by its velocity
    age: Array  # steps since the start


class Transition(NamedTuple):
    """One step, or many where all have more axes."""

    observation: Array  # [4]
    action: Array
    next_observation: Array  # [4], the episode's last one if it ended
    terminated: Array  # whether the pole fell or the cart left the track
    length: Array  # of the episode if it ended, by termination or at the time limit; else 0


def start(key: Array) -> Environment:
    """A new episode."""
    observation = jax.random.uniform(key, [4], minval=-LARGEST_START, maxval=LARGEST_START)
    return Environment(observation, jnp.int32(0))


def move(observation: Array, action: Array) -> Array:
    """The next observation: one step of Euler's method."""
    _, velocity, angle, angular_velocity = observation
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    force = jnp.where(action == 1, FORCE, -FORCE)
    push = (force + MASS_LENGTH * angular_velocity**2 * sine) / TOTAL_MASS
    angular_acceleration = (GRAVITY * sine - cosine * push) / (
        HALF_LENGTH * (4 / 3 - POLE_MASS * cosine**2 / TOTAL_MASS)
    )
    acceleration = push - MASS_LENGTH * angular_acceleration * cosine / TOTAL_MASS
    change = jnp.stack([velocity, acceleration, angular_velocity, angular_acceleration])
    return observation + SECONDS * change


def step(key: Array, environment: Environment, action: Array) -> tuple[Environment, Transition]:
    """Takes a step, and starts a new episode if this one has ended. Every reward is 1."""
    observation, age = environment
    following = move(observation, action)
    position, _, angle, _ = following
    terminated = (jnp.abs(position) > LARGEST_POSITION) | (jnp.abs(angle) > LARGEST_ANGLE)
    ended = terminated | (age + 1 >= TIME_LIMIT)
    environment = jax.tree.map(
        functools.partial(jnp.where, ended), start(key), Environment(following, age + 1)
    )
    length = jnp.where(ended, age + 1, 0)
    return environment, Transition(observation, action, following, terminated, length)


def make_network(key: Array, *sizes: int) -> Network:
    """Weights of dense layers: `sizes` are those of the input, the hidden layers, the output."""
    draw = jax.nn.initializers.lecun_normal()
    shapes = list(itertools.pairwise(sizes))
    keys = jax.random.split(key, len(shapes))
    return [(draw(k, shape), jnp.zeros(shape[1])) for k, shape in zip(keys, shapes, strict=True)]


def apply(network: Network, x: Array, activation: Callable[[Array], Array]) -> Array:
    """The output `[..., outputs]` at inputs `[..., inputs]`. The last layer is linear."""
    *hidden, (kernel, bias) = network
    for hidden_kernel, hidden_bias in hidden:
        x = activation(x @ hidden_kernel + hidden_bias)
    return x @ kernel + bias


def pick(values: Array, action: Array) -> Array:
    """The value `[...]` of an action `[...]` among those of all, `[..., actions]`."""
    return jnp.take_along_axis(values, action[..., None], axis=-1)[..., 0]


# PPO: T steps in each of B environments, then some epochs of updates on all of them at once.

NUM_ENVIRONMENTS, LENGTH, EPOCHS = 8, 32, 20
PPO_DISCOUNT, LAMBDA, CLIPPING, VALUE_COEFFICIENT, LARGEST_NORM = 0.98, 0.8, 0.2, 0.5, 0.5
PPO_LEARNING_RATE, PPO_EPSILON = 1e-3, 1e-5


class ActorCritic(NamedTuple):
    """Networks of the policy and of the values of states."""

    actor: Network
    critic: Network


class Batch(NamedTuple):
    """What the epochs of one iteration learn from: T x B rows."""

    observation: Array  # [T * B, 4]
    action: Array  # [T * B]
    log_probability: Array  # [T * B], of the action when it was chosen
    advantage: Array  # [T * B], normalized
    target: Array  # [T * B], of the value


def train_ppo(num_steps: int, seed: Array) -> Array:
    """Trains on one seed. Returns lengths as in `Transition`, `[iterations, T, B]`."""
    num_iterations = num_steps // (LENGTH * NUM_ENVIRONMENTS)
    learning_rate = optax.linear_schedule(PPO_LEARNING_RATE, 0.0, num_iterations * EPOCHS)
    optimizer = optax.chain(
        optax.clip_by_global_norm(LARGEST_NORM), optax.adam(learning_rate, eps=PPO_EPSILON)
    )

    def iterate(state, key):
        networks, moments, environments = state
        environments, (transitions, log_probability) = collect(networks.actor, environments, key)
        batch = make_batch(networks.critic, transitions, log_probability)

        def epoch(state, _):
            networks, moments = state
            gradient = jax.grad(ppo_loss)(networks, batch)
            update, moments = optimizer.update(gradient, moments)
            return (optax.apply_updates(networks, update), moments), None

        (networks, moments), _ = jax.lax.scan(epoch, (networks, moments), length=EPOCHS)
        return (networks, moments, environments), transitions.length

    actor_key, critic_key, start_key, key = jax.random.split(jax.random.key(seed), 4)
    networks = ActorCritic(
        make_network(actor_key, 4, 64, 64, 2), make_network(critic_key, 4, 64, 64, 1)
    )
    environments = jax.vmap(start)(jax.random.split(start_key, NUM_ENVIRONMENTS))
    state = networks, optimizer.init(networks), environments
    _, lengths = jax.lax.scan(iterate, state, jax.random.split(key, num_iterations))
    return lengths


def collect(actor: Network, environments: Environment, key: Array):
    """Environments after T steps; the transitions and their log-probabilities, `[T, B]`."""

    def act(environments, key):
        action_key, step_key = jax.random.split(key)
        logits = apply(actor, environments.observation, jnp.tanh)
        action = jax.random.categorical(action_key, logits)
        log_probability = pick(jax.nn.log_softmax(logits), action)
        step_keys = jax.random.split(step_key, NUM_ENVIRONMENTS)
        environments, transition = jax.vmap(step)(step_keys, environments, action)
        return environments, (transition, log_probability)

    return jax.lax.scan(act, environments, jax.random.split(key, LENGTH))


def make_batch(critic: Network, transitions: Transition, log_probability: Array) -> Batch:
    """Adds advantages by generalized advantage estimation to a rollout `[T, B]`."""
    values = apply(critic, transitions.observation, jnp.tanh)[..., 0]
    next_values = apply(critic, transitions.next_observation, jnp.tanh)[..., 0]
    errors = 1 + PPO_DISCOUNT * jnp.where(transitions.terminated, 0, next_values) - values

    def accumulate(later, at_step):
        error, length = at_step
        advantage = error + PPO_DISCOUNT * LAMBDA * jnp.where(length > 0, 0, later)
        return advantage, advantage

    _, advantages = jax.lax.scan(
        accumulate, jnp.zeros(NUM_ENVIRONMENTS), (errors, transitions.length), reverse=True
    )
    normalized = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    columns = (
        transitions.observation,
        transitions.action,
        log_probability,
        normalized,
        advantages + values,
    )
    return Batch(*(column.reshape(-1, *column.shape[2:]) for column in columns))


def ppo_loss(networks: ActorCritic, batch: Batch) -> Array:
    """The clipped loss of the policy, and the squared error of the values."""
    logits = apply(networks.actor, batch.observation, jnp.tanh)
    log_probability = pick(jax.nn.log_softmax(logits), batch.action)
    ratio = jnp.exp(log_probability - batch.log_probability)
    clipped = jnp.clip(ratio, 1 - CLIPPING, 1 + CLIPPING)
    policy_loss = -jnp.minimum(ratio * batch.advantage, clipped * batch.advantage).mean()
    values = apply(networks.critic, batch.observation, jnp.tanh)[..., 0]
    return policy_loss + VALUE_COEFFICIENT * jnp.square(values - batch.target).mean()


# DQN: one step, then one update on transitions drawn from all that are remembered.

DQN_DISCOUNT, DQN_LEARNING_RATE, DQN_EPSILON = 0.99, 1e-3, 1e-7
BATCH_SIZE, REPLAY_SIZE, TARGET_PERIOD, STEPS_AT_RANDOM = 64, 100_000, 100, 100
LAST_EXPLORATION, EXPLORATION_FRACTION = 0.1, 0.1


def train_dqn(num_steps: int, seed: Array) -> Array:
    """Trains on one seed. Returns lengths as in `Transition`, `[steps]`."""
    optimizer = optax.adam(DQN_LEARNING_RATE, eps=DQN_EPSILON)

    def act_at(network, memory, environment, index, key):
        """Steps the environment once, and remembers it as number `index`."""
        falling = 1 - (1 - LAST_EXPLORATION) * index / (EXPLORATION_FRACTION * num_steps)
        epsilon = jnp.where(index < STEPS_AT_RANDOM, 1, jnp.maximum(LAST_EXPLORATION, falling))
        explore_key, action_key, step_key = jax.random.split(key, 3)
        action = jnp.where(
            jax.random.uniform(explore_key) < epsilon,
            jax.random.randint(action_key, [], 0, 2),
            jnp.argmax(apply(network, environment.observation, jax.nn.relu)),
        )
        environment, transition = step(step_key, environment, action)
        memory = jax.tree.map(
            lambda rows, row: rows.at[index % REPLAY_SIZE].set(row), memory, transition
        )
        return memory, environment, transition.length

    def fill(state, index_and_key):
        *state, length = act_at(network, *state, *index_and_key)
        return tuple(state), length

    def iterate(target, state, index_and_key):
        (index, key), (network, moments, memory, environment) = index_and_key, state
        act_key, sample_key = jax.random.split(key)
        memory, environment, length = act_at(network, memory, environment, index, act_key)
        size = jnp.minimum(index + 1, REPLAY_SIZE)
        rows = jax.random.randint(sample_key, [BATCH_SIZE], 0, size)
        sample = jax.tree.map(lambda column: column[rows], memory)
        update, moments = optimizer.update(jax.grad(dqn_loss)(network, target, sample), moments)
        return (optax.apply_updates(network, update), moments, memory, environment), length

    def period(state, indices_and_keys):
        """As many iterations as the target network stays the same for."""
        network, *_ = state
        return jax.lax.scan(functools.partial(iterate, network), state, indices_and_keys)

    network_key, start_key, key = jax.random.split(jax.random.key(seed), 3)
    network, environment = make_network(network_key, 4, 100, 50, 2), start(start_key)
    _, example = step(key, environment, jnp.int32(0))
    memory = jax.tree.map(lambda x: jnp.zeros([REPLAY_SIZE, *x.shape], x.dtype), example)

    at = jnp.arange(num_steps), jax.random.split(key, num_steps)
    first = jax.tree.map(lambda x: x[:STEPS_AT_RANDOM], at)
    periods = jax.tree.map(lambda x: x[STEPS_AT_RANDOM:].reshape(-1, TARGET_PERIOD), at)
    (memory, environment), first_lengths = jax.lax.scan(fill, (memory, environment), first)
    state = network, optimizer.init(network), memory, environment
    _, lengths = jax.lax.scan(period, state, periods)
    return jnp.concatenate([first_lengths, lengths.ravel()])


def dqn_loss(network: Network, target: Network, sample: Transition) -> Array:
    """The mean squared error of the actions' values, against those of the target network."""
    next_values = apply(target, sample.next_observation, jax.nn.relu).max(axis=-1)
    wanted = 1 + DQN_DISCOUNT * jnp.where(sample.terminated, 0, next_values)
    values = pick(apply(network, sample.observation, jax.nn.relu), sample.action)
    return jnp.square(values - wanted).mean()


def time_training(algorithm: str, num_steps: int, seeds: int) -> dict[str, float]:
    """Trains, and returns what is printed. The steps of a seed are rounded down to whole rounds."""
    train, first, round_steps = {
        "dqn": (train_dqn, STEPS_AT_RANDOM, TARGET_PERIOD),
        "ppo": (train_ppo, 0, LENGTH * NUM_ENVIRONMENTS),
    }[algorithm]
    work = (num_steps - first) // round_steps * round_steps  # updates of DQN, steps of PPO
    train_seed = functools.partial(train, first + work)
    if seeds == 1:
        function, arguments = train_seed, list(range(RUNS[algorithm]))
    else:
        function, arguments = jax.vmap(train_seed), [jnp.arange(seeds)]

    began = time.perf_counter()
    compiled = jax.jit(function).lower(arguments[0]).compile()
    compile_seconds = time.perf_counter() - began
    began = time.perf_counter()
    lengths = jax.block_until_ready([compiled(argument) for argument in arguments])
    seconds = time.perf_counter() - began

    by_time = jnp.stack(lengths).reshape(len(arguments) * seeds, -1)
    tenth = by_time.shape[1] // 10
    return {
        "rate": len(arguments) * seeds * work / seconds,
        "compile_seconds": compile_seconds,
        "first_length": mean_length(by_time[:, :tenth]),
        "last_length": mean_length(by_time[:, -tenth:]),
    }


def mean_length(lengths: Array) -> float:
    """The mean length of the episodes that ended, 0 if none did."""
    return float(lengths.sum() / jnp.maximum((lengths > 0).sum(), 1))


def main() -> None:
    """Prints the rate of the algorithm named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("algorithm", choices=STEPS)
    parser.add_argument("--seeds", type=int, default=1, help="trained together (default: 1)")
    parser.add_argument("--steps", type=int, help="environment steps of a seed")
    arguments = parser.parse_args()
    num_steps = arguments.steps or STEPS[arguments.algorithm]
    if arguments.seeds < 1 or num_steps < 1_000:
        parser.error("at least 1 seed and 1,000 steps are needed")
    print(json.dumps(time_training(arguments.algorithm, num_steps, arguments.seeds)))


if __name__ == "__main__":
    main()
