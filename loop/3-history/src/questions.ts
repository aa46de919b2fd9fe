import { type Clock, MillwrightError, nanosFromMs, type SeriesEngine, type SeriesRows } from "@millwright/core";
import type { History } from "./api.ts";
import { msColumn, rangeFrom } from "./ranges.ts";
import { createRoom } from "./room.ts";
import { seriesFrom, withLeading } from "./series.ts";
import type { Tags } from "./tags.ts";

const mostBuckets = 200_000;
/** Over all tags of a question, so that an answer fits in memory. */
const mostAnswers = 1_000_000;

const noRows: SeriesRows = { times: new BigInt64Array(), values: new Float64Array(), quality: new Uint8Array(), samples: 0 };

/** Raw samples, lines and buckets, for somebody who may see them. */
export function createQuestions({
	engine,
	tags,
	clock,
	unitOf,
}: {
	engine: SeriesEngine;
	tags: Tags;
	clock: Clock;
	unitOf(tag: string): string;
}): Pick<History, "raw" | "trend" | "aggregate"> {
	const room = createRoom({ rows: mostAnswers, each: 32 });
	return {
		async raw({ tag, from, until, limit, newestFirst }, call) {
			const id = tags.idOf(tag, call);
			const range = rangeFrom({ from, until });
			return room.hold(limit, call, async () => {
				const rows = await engine.raw({ tag: id, range, limit, newestFirst, signal: call?.signal });
				return seriesFrom(rows, { tag, unit: unitOf(tag), badIsNull: false, newestFirst });
			});
		},

		async trend({ tags: names, from, until, points }, call) {
			const began = clock.monotonicMs();
			const asked = tags.idsOf(names, call);
			const range = rangeFrom({ from, until });
			const ids = asked.map(({ id }) => id);
			const series = await room.hold(ids.length * points, call, async () => {
				const [lines, leading] = await Promise.all([
					engine.downsample({ tags: ids, range, points, signal: call?.signal }),
					engine.before({ tags: ids, time: range.from, signal: call?.signal }),
				]);
				return asked.map(({ name, id }) => {
					const rows = lines.get(id) ?? noRows;
					const first = leading.get(id);
					return seriesFrom(first ? withLeading(rows, first) : rows, { tag: name, unit: unitOf(name), badIsNull: true });
				});
			});
			return { series, tookMs: clock.monotonicMs() - began };
		},

		async aggregate({ tags: names, from, until, bucket, functions }, call) {
			const began = clock.monotonicMs();
			const asked = tags.idsOf(names, call);
			const range = rangeFrom({ from, until });
			checkBuckets((until - from) / bucket, asked.length);
			const buckets = await room.hold(Math.ceil((until - from) / bucket) * asked.length, call, () =>
				engine.aggregate({
					tags: asked.map(({ id }) => id),
					range,
					bucket: nanosFromMs(bucket),
					functions,
					signal: call?.signal,
				}),
			);
			return {
				tags: asked.map(({ name, id }) => {
					const found = buckets.get(id);
					return {
						tag: name,
						unit: unitOf(name),
						starts: found ? msColumn(found.starts) : [],
						columns: Object.fromEntries(
							functions.map((one) => [
								one,
								Array.from(found?.columns[one] ?? [], (value) => (Number.isFinite(value) ? value : null)),
							]),
						),
					};
				}),
				tookMs: clock.monotonicMs() - began,
			};
		},
	};
}

function checkBuckets(count: number, tags: number): void {
	if (count > 0 && count <= mostBuckets && count * tags <= mostAnswers) return;
	throw new MillwrightError("history.too-many-buckets", `${Math.ceil(count)} buckets for each of ${tags} tags`, {
		kind: "input",
		hint: `Take a longer bucket or a shorter range: at most ${mostBuckets} buckets a tag and ${mostAnswers} in all.`,
		place: "bucket",
	});
}
