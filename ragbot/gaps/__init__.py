"""What customers ask and the bot could not answer, or answered badly: clusters of questions, and what is missing."""

from ragbot.gaps.find import find_gaps, survey
from ragbot.gaps.values import Gap, Nearest, Survey

__all__ = ["Gap", "Nearest", "Survey", "find_gaps", "survey"]
