"""APO's loss agrees with its definition, and its agent works in TF-Agents programs."""

import gin
import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from tf_agents.drivers import dynamic_step_driver
from tf_agents.networks import actor_distribution_network, value_network
from tf_agents.replay_buffers import tf_uniform_replay_buffer
from tf_agents.specs import tensor_spec
from tf_agents.trajectories import StepType, trajectory
from tf_agents.trajectories import time_step as ts

from tests.engine import naive_losses
from tfrl.components.collection import RolloutCollector
from tfrl.components.policies import CategoricalPolicy
from tfrl.components.randomness import RandomStream, Stream
from tfrl.environments import CartPole
from tfrl.pipelines.apo import ApoClipAgent, ApoLossInfo
from tfrl.pipelines.ppo import CorrectedPPOClipAgent

BATCH, STEPS = 4, 40


@pytest.fixture
def make_agent(make_networks):
    def make(agent_class=ApoClipAgent, **kwargs):
        actor, value = make_networks(seed=5)
        environment = CartPole(batch_size=BATCH, seed=6)
        arguments = {
            "normalize_rewards": False,
            "normalize_observations": False,
            "importance_ratio_clipping": 0.2,
            "num_epochs": 1,
            "train_step_counter": tf.Variable(0, dtype=tf.int64),
        }
        if agent_class is ApoClipAgent:
            arguments |= {"num_environments": BATCH, "max_episode_length": 500}
        agent = agent_class(
            environment.time_step_spec(),
            environment.action_spec(),
            keras.optimizers.Adam(1e-2),
            actor,
            value,
            **(arguments | kwargs),
        )
        return agent, environment

    return make


def collect(agent, environment):
    """Collects a rollout, which the agent's anchor memory, if it has one, observes."""
    policy = CategoricalPolicy(agent.collect_policy, RandomStream(Stream.POLICY, 7))
    memory = getattr(agent, "anchor_memory", None)
    observers = [memory.observe] if memory else []
    return RolloutCollector(environment, policy, STEPS, observers).collect()


@pytest.mark.parametrize("loss_type", ["best_to_theta", "theta_to_best", "cross_entropy"])
@pytest.mark.parametrize("num_episodes", [1, 3])
def test_anchor_loss_is_the_mean_over_the_best_episodes(make_agent, loss_type, num_episodes):
    agent, environment = make_agent(
        num_anchor_episodes=num_episodes,
        anchor_weight=0.5,
        anchor_loss_type=loss_type,
        anchor_batch_size=None,
    )
    rollout = collect(agent, environment)
    if loss_type != "cross_entropy":  # theta is still the policy that collected the episodes
        assert float(agent.anchor_loss()) == pytest.approx(0.0, abs=1e-6)
    for _ in range(5):
        agent.train(rollout)
    expected = 0.5 * naive_losses.anchor_loss(rollout, agent, num_episodes, loss_type)
    assert expected > 1e-4
    assert float(agent.anchor_loss()) == pytest.approx(expected, rel=1e-3)


def test_cross_entropy_and_its_gradient_equal_values_computed_by_hand(make_agent):
    agent, _ = make_agent(
        num_environments=1, anchor_loss_type="cross_entropy", anchor_batch_size=None
    )
    *_, kernel, bias = agent.actor_net.trainable_variables
    kernel.assign(tf.zeros_like(kernel))
    bias.assign([np.log(3.0), 0.0])  # theta takes action 0 with probability 3/4 in every state
    for action in (0, 1, 0, 1):
        agent.anchor_memory.observe(
            trajectory.Trajectory(
                step_type=tf.constant([StepType.MID]),
                observation=tf.ones([1, 4]),
                action=tf.constant([action], tf.int64),
                policy_info={"dist_params": {"logits": tf.zeros([1, 2])}},
                next_step_type=tf.constant([StepType.LAST]),  # 4 episodes, so all are kept
                reward=tf.ones([1]),
                discount=tf.ones([1]),
            )
        )
    with tf.GradientTape() as tape:
        loss = agent.anchor_loss()
    # -(ln 3/4 + ln 1/4) / 2, and softmax minus action frequencies: 3/4 - 1/2, 1/4 - 1/2.
    assert float(loss) == pytest.approx(0.83698822, rel=1e-5)
    np.testing.assert_allclose(tape.gradient(loss, bias), [0.25, -0.25], rtol=1e-5)


def test_agents_with_the_same_memory_share_anchors(make_agent):
    agents = [make_agent(num_environments=2 * BATCH)[0] for _ in range(2)]
    agents[1].anchor_memory = agents[0].anchor_memory
    environment = CartPole(batch_size=2 * BATCH, seed=6)
    policy = CategoricalPolicy(agents[0].collect_policy, RandomStream(Stream.POLICY, 7))
    RolloutCollector(environment, policy, STEPS, [agents[0].anchor_memory.observe]).collect()
    assert float(agents[1].anchor_loss()) == pytest.approx(0.0, abs=1e-6)  # same weights
    for variable in agents[1].actor_net.trainable_variables:
        variable.assign(variable * 1.5)
    assert float(agents[1].anchor_loss()) > 1e-3


def test_sampled_anchors_estimate_the_same_loss(make_agent):
    agent, environment = make_agent(anchor_batch_size=20_000)
    exact, exact_environment = make_agent(anchor_batch_size=None)
    for each_agent, each_environment in ((agent, environment), (exact, exact_environment)):
        collect(each_agent, each_environment)
        for variable in each_agent.actor_net.trainable_variables:
            variable.assign(variable * 1.5)
    assert float(agent.anchor_loss()) == pytest.approx(float(exact.anchor_loss()), rel=0.05)


def test_total_loss_equals_the_formulas_of_paper_and_talk(make_agent):
    agent, environment = make_agent(
        num_anchor_episodes=3,
        anchor_weight=0.5,
        anchor_batch_size=None,
        entropy_regularization=0.1,
        discount_factor=0.9,
        lambda_value=0.7,
        use_gae=True,
        use_td_lambda_return=True,
        importance_ratio_clipping=0.05,
        compute_value_and_advantage_in_train=False,
        aggregate_losses_across_replicas=False,
    )
    # The first environment reaches its time limit within the rollout.
    elapsed = np.array([497, 0, 0, 0])
    environment.set_state(environment.state, environment.constants, elapsed)
    rollout = collect(agent, environment)
    assert np.any(rollout.is_last() & (rollout.discount == 1.0))
    info = rollout.policy_info
    before = info["value_prediction"].numpy(), info["dist_params"]["logits"].numpy()
    experience = agent.preprocess_sequence(rollout)
    for _ in range(5):
        agent.train(experience)
    expected = naive_losses.ppo_loss(rollout, agent, before, 0.05, 0.1, 0.9, 0.7)
    expected += 0.5 * naive_losses.anchor_loss(rollout, agent, 3, "best_to_theta")
    loss, extra = agent.train(experience)
    assert float(loss) == pytest.approx(expected, rel=1e-3)
    assert float(extra.clip_fraction) > 0.05  # some ratios are clipped


@pytest.mark.parametrize("anchor_batch_size", [None, 16])
@pytest.mark.parametrize("loss_type", ["best_to_theta", "cross_entropy"])
def test_continuous_actions_train_without_nan_with_and_without_anchors(
    anchor_batch_size, loss_type
):
    observation_spec = tf.TensorSpec([3], tf.float32)
    time_step_spec = ts.time_step_spec(observation_spec)
    action_spec = tensor_spec.BoundedTensorSpec([2], tf.float32, -1, 1)
    agent = ApoClipAgent(
        time_step_spec,
        action_spec,
        keras.optimizers.Adam(),
        actor_distribution_network.ActorDistributionNetwork(observation_spec, action_spec),
        value_network.ValueNetwork(observation_spec),
        num_epochs=1,
        anchor_batch_size=anchor_batch_size,
        anchor_loss_type=loss_type,
        num_environments=2,
        max_episode_length=10,
        train_step_counter=tf.Variable(0, dtype=tf.int64),
    )
    rng = np.random.default_rng(0)
    experience = trajectory.Trajectory(
        step_type=tf.fill([2, 5], StepType.MID),
        observation=tf.constant(rng.normal(size=(2, 5, 3)), tf.float32),
        action=tf.constant(rng.uniform(-1, 1, (2, 5, 2)), tf.float32),
        policy_info={"dist_params": {"loc": tf.zeros([2, 5, 2]), "scale": tf.ones([2, 5, 2])}},
        next_step_type=tf.tile([[StepType.MID] * 4 + [StepType.LAST]], [2, 1]),
        reward=tf.ones([2, 5]),
        discount=tf.ones([2, 5]),
    )
    for _ in range(2):
        assert np.isfinite(agent.train(experience).loss)
        assert all(np.isfinite(w).all() for w in agent.collect_policy.variables())
        for t in range(5):
            frame = tf.nest.map_structure(lambda x, t=t: x[:, t], experience)
            agent.anchor_memory.observe(frame)
    assert agent.anchor_loss() != 0


def test_loss_is_the_sum_of_the_reported_terms(make_agent):
    agent, environment = make_agent(anchor_weight=2.0)
    rollout = collect(agent, environment)
    agent.train(rollout)
    loss, extra = agent.train(rollout)
    assert isinstance(extra, ApoLossInfo)
    assert extra.anchor_loss > 0
    terms = extra._asdict()
    del terms["clip_fraction"]
    assert float(loss) == pytest.approx(float(sum(terms.values())), rel=1e-5)


def weights_after_training(make_agent, agent_class, **kwargs):
    agent, environment = make_agent(agent_class, **kwargs)
    rollout = collect(agent, environment)
    for _ in range(3):
        agent.train(rollout)
    return [w.numpy() for w in agent.collect_policy.variables()]


def test_anchor_weight_0_is_ppo(make_agent):
    anchored = weights_after_training(make_agent, ApoClipAgent, anchor_weight=0.0)
    plain = weights_after_training(make_agent, CorrectedPPOClipAgent)
    for a, b in zip(anchored, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_large_anchor_weight_keeps_the_policy_close_to_the_anchors(make_agent):
    drift = {}
    for weight in (0.0, 100.0):
        agent, environment = make_agent(anchor_weight=weight, anchor_batch_size=None)
        rollout = collect(agent, environment)
        for _ in range(20):
            agent.train(rollout)
        agent._anchor_weight = 1.0
        drift[weight] = float(agent.anchor_loss())
    assert drift[100.0] < 0.2 * drift[0.0]


@pytest.mark.slow
def test_anchor_weight_schedule_is_evaluated_at_every_training_step(make_agent):
    weight = tf.Variable(0.0)
    agent, environment = make_agent(anchor_weight=lambda: weight, anchor_batch_size=None)
    rollout = collect(agent, environment)
    train = tf.function(agent.train, jit_compile=True)
    train(rollout)
    assert train(rollout).extra.anchor_loss == 0.0
    weight.assign(1.0)
    assert train(rollout).extra.anchor_loss > 0.0


def test_unknown_loss_type_raises_value_error(make_agent):
    with pytest.raises(ValueError, match=r"anchor_loss_type must be one of .*, got 'sideways'"):
        make_agent(anchor_loss_type="sideways")


def test_gin_configures_the_agent(make_agent):
    with gin.unlock_config():
        gin.parse_config("ApoClipAgent.num_anchor_episodes = 7")
    try:
        assert make_agent()[0].anchor_memory.scores.shape == [7]
    finally:
        gin.clear_config()


def test_agent_trains_with_tf_agents_driver_and_replay_buffer(make_agent):
    agent, environment = make_agent(num_epochs=2)
    buffer = tf_uniform_replay_buffer.TFUniformReplayBuffer(
        agent.collect_data_spec, batch_size=BATCH, max_length=3 * STEPS
    )
    driver = dynamic_step_driver.DynamicStepDriver(
        environment,
        agent.collect_policy,
        observers=[buffer.add_batch, agent.anchor_memory.observe],
        num_steps=2 * STEPS * BATCH,
    )
    driver.run()
    frames = buffer.gather_all()
    before = [w.numpy() for w in agent.actor_net.trainable_variables]
    loss_info = agent.train(frames)
    assert np.isfinite(loss_info.loss)
    after = agent.actor_net.trainable_variables
    assert any(np.any(a != b) for a, b in zip(before, after, strict=True))
    scores = agent.anchor_memory.scores.numpy()
    best = sorted(returns(frames))[-len(scores) :]
    assert best and sorted(scores[np.isfinite(scores)]) == best


def returns(frames):
    """Returns of all finished episodes in frames `[B, T]`, which start at the first frame."""
    totals, ended = np.zeros(BATCH), []
    for reward, last in zip(frames.reward.numpy().T, frames.is_last().numpy().T, strict=True):
        totals += reward
        ended += totals[last].tolist()
        totals[last] = 0
    return ended
