"""Plain records for evaluation tests: questions and trajectories without a model."""

from medrwr.types import (
    LETTERS,
    Answer,
    Passage,
    Question,
    ScoredPassage,
    StopReason,
    Trajectory,
    Turn,
)

OPTIONS = ("kemopril", "tarvol", "lunexin", "brasol")


def question(number, *, answer=0, fact="", modality="ultrasound", image=False, options=OPTIONS):
    return Question(
        question_id=f"q{number}",
        text=f"Question {number}?",
        options=options,
        answer=answer,
        images=(f"images/{number}.png",) if image else (),
        fact_id=fact,
        modality=modality,
    )


def trajectory(asked, letter, *, confidence=0.9, query=None, passages=(), stop=StopReason.ANSWERED, probs=None):
    """An episode that ended with `letter` (None: nothing could be parsed), after one query if there is one.

    `probs` are the option probabilities; without them `letter` has `confidence` and the others share the rest.
    """
    found = tuple(ScoredPassage(Passage(f"p{i}", text, "d"), 1.0 - i / 10) for i, text in enumerate(passages))
    turns = (Turn("First.", query, found), Turn("So.")) if query is not None else (Turn("So."),)
    rest = (1 - confidence) / (len(asked.options) - 1)
    spread = tuple(confidence if LETTERS[i] == letter else rest for i in range(len(asked.options)))
    text = asked.options[LETTERS.index(letter)] if letter and letter in asked.letters else ""
    return Trajectory(
        question_id=asked.question_id,
        prompt_ids=(1,),
        completion_ids=(2,),
        env_mask=(1,),
        logprobs=(0.0,),
        turns=turns,
        answer=Answer(letter, text, f"{letter}. {text}"),
        stop_reason=stop,
        confidence=confidence if letter else None,
        option_probs=probs or (spread if letter else ()),
    )
