"""What came of a scenario: who got their picture or a sentence, once; and whether rows and blobs agree."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.chat.ui.uploads import DEFAULT_LIMIT_BYTES
from bot.domain.jobs.model import Job, State
from bot.domain.privacy import blob_refs
from bot.domain.privacy.retention import GRACE_S, Keeping, Sweeper
from bot.media.blobs.protocol import BlobMissing, Blobs
from bot.media.child import PictureEditor
from testbed.discord.world import Message
from tests.e2e.chaos.cluster import Cluster
from tests.e2e.chaos.run import Record, Run, answered, sentence_of

FAR_AHEAD_S = GRACE_S + 3600.0
NEVER = Keeping(inputs_days=0, results_days=0, left_servers_days=36_500)


@dataclass(kw_only=True)
class Verdict:
    """orphans: blobs that no row names and no sweep removes. swept: those that a sweep has removed.

    clips: jobs that move; resumed: those whose last attempt went on with frames of an earlier one.
    batched: jobs that shared their last pass with others. unanswered: requests that went down with a gateway
    before they were acknowledged. missed: the moment that the fault waited for never came, and it struck when
    all was over. skipped: why it could not be run here. broken: the scenario broke off, and its cluster too.
    """

    seed: int
    fault: str
    moment: str
    jobs: int = 0
    clips: int = 0
    resumed: int = 0
    batched: int = 0
    failed: int = 0
    refused: int = 0
    unanswered: int = 0
    lost: int = 0
    doubled: int = 0
    orphans: int = 0
    swept: int = 0
    missed: bool = False
    skipped: str | None = None
    broken: bool = False
    recovery_s: float | None = None
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.orphans or self.wrong)


async def judge(run: Run, *, may_refuse: bool) -> Verdict:
    scenario, cluster = run.scenario, run.cluster
    verdict = Verdict(seed=scenario.seed, fault=scenario.fault, moment=scenario.moment, missed=run.missed)
    records = await run.records()
    verdict.jobs = len(records)
    verdict.clips = sum(record.job.is_clip for record in records)
    verdict.resumed = sum(_went_on(record.job) for record in records)
    verdict.batched = sum(record.job.batch_size > 1 for record in records)
    if run.struck_at is not None and run.ended_at:
        verdict.recovery_s = max(0.0, run.ended_at - run.struck_at)
    _judge_requests(run, records, verdict)
    verdict.wrong += [
        f"request {asked.id} has neither a job nor an answer"
        for asked in run.others
        if not answered(asked) and asked.id not in {record.interaction_id for record in records}
    ]
    if verdict.refused and not may_refuse:
        verdict.wrong.append(f"{verdict.refused} were refused without need: {sorted(set(verdict.sentences))}")
    await judge_cards(cluster.discord.world.messages.values(), cluster.blobs, records, verdict)
    verdict.wrong += [f"against Discord's rules: {found}" for found in cluster.discord.forgive()]
    verdict.wrong += [f"a gateway ended with {one.code}" for one in cluster.gateways if not one.alive]
    await judge_blobs(cluster, records, verdict)
    verdict.wrong += [f"request {left} is still written down" for left in await run.pending()]
    return verdict


def _went_on(job: Job) -> bool:
    """See `tests.e2e.chaos.clips`: the iterations of a clip are the frames of its last attempt."""
    return job.is_clip and job.figures is not None and job.figures["iterations"] < job.frames


def _judge_requests(run: Run, records: Sequence[Record], verdict: Verdict) -> None:
    """Whoever got no job must have read why, or have asked a gateway that died before it answered."""
    known = {record.interaction_id for record in records}
    for at, asked in run.asked:
        if asked.id in known:
            continue
        if answered(asked):
            verdict.refused += 1
            verdict.sentences.append(sentence_of(asked))
        elif run.may_be_lost(at, asked):
            verdict.unanswered += 1
        else:
            verdict.wrong.append(f"request {asked.id} has neither a job nor an answer")
    if len(run.asked) != len(run.scenario.asks):
        verdict.wrong.append(f"{len(run.asked)} of {len(run.scenario.asks)} were asked")


async def judge_cards(
    messages: Iterable[Message], blobs: Blobs, records: Sequence[Record], verdict: Verdict
) -> None:
    """Each job's end is on exactly one message, and its rows say so."""
    standing = [message for message in messages if not message.deleted]
    for record in records:
        job = record.job
        if job.state is State.DELIVERED:
            showing = await _showing_result(blobs, record, standing)
        elif job.state is State.FAILED:
            verdict.failed += 1
            showing = [message for message in standing if _tells_failure(message, record)]
        else:
            showing = []
            verdict.wrong.append(f"job {job.id} is {job.state}, closed: {record.closed}")
        if not showing:
            verdict.lost += 1
            verdict.wrong.append(f"job {job.id}, {job.state}: {_where_it_is(standing, record)}")
        verdict.doubled += len(showing) > 1
        verdict.wrong += _rows_that_disagree(record, showing)


async def _showing_result(blobs: Blobs, record: Record, standing: Sequence[Message]) -> list[Message]:
    try:
        result = await _as_shown(blobs, record.job)
    except BlobMissing:
        return []
    return [
        message for message in standing if any(picture.file.data == result for picture in message.pictures)
    ]


async def _as_shown(blobs: Blobs, job: Job) -> bytes:
    """The file that people see: a clip's is a GIF of all its frames."""
    if job.result_clip_blob is None:
        return await blobs.get(job.result_blob or "")
    gif = await PictureEditor().clip_within(await blobs.get(job.result_clip_blob), DEFAULT_LIMIT_BYTES)
    assert gif is not None
    return gif.file


def _where_it_is(standing: Sequence[Message], record: Record) -> str:
    """What people see of a job whose end they do not see."""
    cards = [
        message
        for message in standing
        if message.id == record.message_id
        or (message.interaction is not None and message.interaction.id == record.interaction_id)
    ]
    seen = [(card.id, [file.file.filename for file in card.attachments], card.text) for card in cards]
    return f"the ledger names {record.message_id}, people see {seen}"


def _tells_failure(message: Message, record: Record) -> bool:
    return bool(record.job.reference) and f"`{record.job.reference}`" in message.text


def _rows_that_disagree(record: Record, showing: Sequence[Message]) -> list[str]:
    job = record.job
    faults = {
        "its ledger is open": not record.closed,
        "it has a lease": record.lease_until is not None,
        "it has a preview": job.preview_blob is not None,
        "it has a checkpoint": job.checkpoint_blob is not None,
        "not all of it is painted": job.is_clip
        and job.state is State.DELIVERED
        and job.result_clip_blob is None,
        "it has no end": job.ended_at is None,
        "the ledger names another message": bool(showing)
        and record.message_id not in {message.id for message in showing},
        "its card shows something else too": any(len(message.attachments) > 1 for message in showing)
        or (job.state is State.FAILED and any(message.attachments for message in showing)),
        "its card can still be cancelled": any(
            button.startswith("easel:cancel:") for message in showing for button in message.buttons.values()
        ),
    }
    return [f"job {job.id}: {what}" for what, holds in faults.items() if holds]


async def judge_blobs(cluster: Cluster, records: Sequence[Record], verdict: Verdict) -> None:
    """Every blob that a row names is there; after a sweep when the time of grace is over, no other is."""
    for record in records:
        job = record.job
        for key in filter(None, _pictures_of(job)):
            try:
                await cluster.blobs.get(key)
            except BlobMissing:
                verdict.wrong.append(f"job {job.id}: blob {key[:12]} is missing")
    ahead = Sweeper(
        database=cluster.database,
        blobs=cluster.blobs,
        keeping=NEVER,
        clock=lambda: time.time() + FAR_AHEAD_S,
    )
    verdict.swept = (await ahead.sweep()).blobs
    async with cluster.database.read() as connection:
        named = {key async for key in blob_refs.every_use(connection)}
    verdict.orphans = len(_stored(cluster) - named)


def _pictures_of(job: Job) -> tuple[str | None, ...]:
    return (job.content_blob, job.clip_blob, job.style_blob, job.result_blob, job.result_clip_blob)


def _stored(cluster: Cluster) -> set[str]:
    """Everything in the blobs' folders, leftovers of broken puts too."""
    return {path.name for path in cluster.settings.blobs_dir.glob("??/*")}
