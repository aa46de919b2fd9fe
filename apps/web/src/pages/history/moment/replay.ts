/** What a tag said, since when, and how it may be trusted. */
export interface Held {
	value: number | string | null;
	/** A code of `qualityName`. */
	quality: number;
	/** Source time, ms since 1970. */
	at: number;
}

export interface ReplayPage {
	/** Indices into the tags asked for. */
	tag: number[];
	times: number[];
	values: (number | string | null)[];
	quality: number[];
	next?: string | undefined;
}

/** Asked for the next page when so many samples are left. */
const low = 500;

/** Plays samples in the order in which they happened; time stands still while the next page is on its way. */
export function createReplay({
	tags,
	from,
	until,
	ask,
}: {
	tags: readonly string[];
	from: number;
	until: number;
	ask(after: string | undefined): Promise<ReplayPage>;
}) {
	const waiting: { tag: string; held: Held }[] = [];
	let at = from;
	let next: string | undefined;
	let hasMore = true;
	let asking: Promise<void> | undefined;
	let failure: unknown;

	const fetchMore = (): Promise<void> => {
		asking ??= ask(next)
			.then((page) => {
				for (const [row, index] of page.tag.entries())
					waiting.push({
						tag: tags[index] as string,
						held: { value: page.values[row] ?? null, quality: page.quality[row] as number, at: page.times[row] as number },
					});
				next = page.next;
				hasMore = page.next !== undefined;
			})
			.catch((error: unknown) => {
				failure = error;
			})
			.finally(() => {
				asking = undefined;
			});
		return asking;
	};

	return {
		/** Moves on by so much of the plant's time; what changed on the way, newest of each tag. */
		step(byMs: number): { at: number; changed: Map<string, Held>; state: "playing" | "waiting" | "ended" } {
			if (failure !== undefined) throw failure;
			const changed = new Map<string, Held>();
			if (hasMore && waiting.length <= low) void fetchMore();
			const wanted = Math.min(until, at + byMs);
			const lastKnown = hasMore ? (waiting.at(-1)?.held.at ?? at) : until;
			at = Math.max(at, Math.min(wanted, lastKnown));
			let past = 0;
			while (past < waiting.length && (waiting[past] as { held: Held }).held.at <= at) {
				const { tag, held } = waiting[past++] as { tag: string; held: Held };
				changed.set(tag, held);
			}
			waiting.splice(0, past);
			return { at, changed, state: at >= until ? "ended" : at < wanted ? "waiting" : "playing" };
		},
		/** Settles when the page under way has come. */
		settled: (): Promise<void> => asking ?? Promise.resolve(),
	};
}
