/** The latest moment at or before `nowMs` at which it was `at` ("02:30") by the machine's own clock and zone. */
export function slotBefore(nowMs: number, at: string): number {
	const [hour, minute] = at.split(":").map(Number) as [number, number];
	const slot = new Date(nowMs);
	slot.setHours(hour, minute, 0, 0);
	if (slot.getTime() > nowMs) slot.setDate(slot.getDate() - 1);
	return slot.getTime();
}

/** The next one after it. */
export function slotAfter(nowMs: number, at: string): number {
	const slot = new Date(slotBefore(nowMs, at));
	slot.setDate(slot.getDate() + 1);
	return slot.getTime();
}
