"""Names of hyperparameters in Stable-Baselines3 and CleanRL, and ours, which are TF-Agents'."""

import difflib
from collections.abc import Collection

# Our names for each of theirs. The pipeline has only one of them.
OURS: dict[str, tuple[str, ...]] = {
    "anneal_lr": ("anneal_learning_rate",),
    "batch_size": ("minibatch_size",),
    "buffer_size": ("replay_buffer_max_length",),
    "clip_coef": ("importance_ratio_clipping",),
    "clip_range": ("importance_ratio_clipping",),
    "discount_factor": ("gamma",),
    "end_e": ("epsilon_greedy",),
    "ent_coef": ("entropy_regularization",),
    "eval_freq": ("every",),
    "exploration_final_eps": ("epsilon_greedy",),
    "exploration_initial_eps": ("initial_epsilon",),
    "gae_lambda": ("lambda_value",),
    "gamma": ("discount_factor",),
    "learning_starts": ("initial_collect_steps",),
    "lr": ("learning_rate",),
    "max_grad_norm": ("gradient_clipping",),
    "n_envs": ("num_environments", "collect_episodes_per_iteration"),
    "n_epochs": ("num_epochs",),
    "n_eval_episodes": ("episodes",),
    "n_steps": ("collect_sequence_length",),
    "net_arch": ("fc_layer_params",),
    "num_envs": ("num_environments", "collect_episodes_per_iteration"),
    "num_minibatches": ("minibatch_size",),
    "num_steps": ("collect_sequence_length",),
    "start_e": ("initial_epsilon",),
    "target_network_frequency": ("target_update_period",),
    "target_update_interval": ("target_update_period",),
    "total_timesteps": ("steps",),
    "update_epochs": ("num_epochs",),
    "vf_coef": ("value_pred_loss_coef", "value_estimation_loss_coef"),
}
# The unit or meaning of ours where it differs from theirs.
NOTES = {
    "num_minibatches": "frames in a minibatch, not the number of minibatches",
    "target_update_interval": "updates, not environment steps",
    "target_network_frequency": "updates, not environment steps",
}


def suggest(key: str, names: Collection[str]) -> str:
    """Returns "did you mean X?" for a key that is not in `names`, or all of them if none is near.

    X is our name for what another library calls `key`, or else the most similar of `names`.
    """
    ours = [name for name in OURS.get(key, ()) if name in names]
    note = f": {NOTES[key]}" if ours and key in NOTES else ""
    if similar := ours or difflib.get_close_matches(key, names, n=1):
        return f"did you mean {similar[0]}{note}?"
    return f"expected {', '.join(names) or 'none'}"
