"""What a process does about the interactions in its hands before it stops."""

import asyncio

from bot.chat.ui.interaction import InHand


async def started(in_hand: InHand, work: asyncio.Event) -> asyncio.Task[None]:
    """An interaction's task, which is over once `work` is set."""
    begun = asyncio.Event()

    async def answer() -> None:
        in_hand.add_current_task()
        assert in_hand.hold(7)
        begun.set()
        await work.wait()

    task = asyncio.create_task(answer())
    await begun.wait()
    return task


async def test_the_end_waits_for_what_is_in_hand() -> None:
    in_hand, work = InHand(drain_s=60), asyncio.Event()
    running = asyncio.create_task(in_hand.run())
    task = await started(in_hand, work)
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=0.05)
    assert not done
    work.set()
    await asyncio.wait({running})
    assert task.done()
    assert not task.cancelled()


async def test_what_takes_too_long_is_broken_off() -> None:
    in_hand = InHand(drain_s=0.01)
    running = asyncio.create_task(in_hand.run())
    task = await started(in_hand, asyncio.Event())
    running.cancel()
    await asyncio.wait({running})
    assert task.cancelled()
    assert running.cancelled()


async def test_nothing_in_hand_is_nothing_to_wait_for() -> None:
    running = asyncio.create_task(InHand(drain_s=60).run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running})


async def test_an_interaction_is_held_once_and_until_its_task_ends() -> None:
    in_hand, work = InHand(), asyncio.Event()
    task = await started(in_hand, work)
    assert not in_hand.hold(7)
    work.set()
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert in_hand.requests == set()


async def test_each_process_has_a_name_of_its_own() -> None:
    assert InHand().holder != InHand().holder
