"""What TF-Agents lacks: APO, and corrections to stock agents, as subclasses."""

from tfrl.agents.anchor_memory import AnchorMemory
from tfrl.agents.apo_clip_agent import ApoClipAgent, ApoLossInfo
from tfrl.agents.corrected_ppo_clip_agent import CorrectedPPOClipAgent
from tfrl.agents.masked_reinforce_agent import MaskedReinforceAgent

__all__ = [
    "AnchorMemory",
    "ApoClipAgent",
    "ApoLossInfo",
    "CorrectedPPOClipAgent",
    "MaskedReinforceAgent",
]
