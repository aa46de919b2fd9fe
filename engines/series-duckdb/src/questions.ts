import type { Query, RowsAnswer } from "./protocol.ts";
import { askAggregate } from "./queries/aggregate.ts";
import { askBefore } from "./queries/before.ts";
import { askDownsample } from "./queries/downsample.ts";
import { askExport } from "./queries/export.ts";
import { askDays, askHoldings } from "./queries/holdings.ts";
import { askInOrder } from "./queries/in-order.ts";
import type { Asking, Store } from "./queries/question.ts";
import { askRaw } from "./queries/raw.ts";
import { cancelled, type Readers } from "./readers.ts";
import type { Store as Database } from "./store.ts";
import type { Brought } from "./tiers/brought.ts";
import { copyTo } from "./tiers/copy.ts";
import { forget } from "./tiers/forget.ts";
import type { Mover } from "./tiers/mover.ts";
import type { Rolling } from "./tiers/rolling.ts";
import { tidy } from "./tiers/tidy.ts";
import type { Writer } from "./writer.ts";

/** An open history, as the worker keeps it. */
export interface Open {
	database: Database;
	writer: Writer;
	mover: Mover;
	store: Store;
	brought: Brought;
	rolling: Rolling;
	readers: Readers;
	exporters: Readers;
	/** Of the table's file and its log. */
	hotBytes(): number;
}

interface Answered {
	value: unknown;
	/** Go with the answer instead of being copied. */
	buffers?: ArrayBuffer[];
}

const bufferOf = (column: { buffer: ArrayBufferLike }) => column.buffer as ArrayBuffer;
const rowBuffers = (answers: readonly RowsAnswer[]) =>
	answers.flatMap(({ times, values, quality }) => [times, values, quality].map(bufferOf));

/** Questions go through the readers' line, orders through the mover's. */
export async function answerOf(open: Open, id: number, query: Query, stop: { stopped: boolean }): Promise<Answered> {
	const { store, mover, brought, hotBytes } = open;
	const { damaged } = store;
	const check = () => {
		if (stop.stopped) throw cancelled();
	};
	const asked = <T>(run: (asking: Asking) => Promise<T>): Promise<T> =>
		open.readers.ask(id, (connection, taken) => run({ store, connection, check: taken }));

	switch (query.kind) {
		case "raw": {
			const value = await asked((asking) => askRaw(asking, query));
			return { value, buffers: rowBuffers([value]) };
		}
		case "downsample": {
			const value = await asked((asking) => askDownsample(asking, query));
			return { value, buffers: rowBuffers(value) };
		}
		case "aggregate": {
			const value = await asked((asking) => askAggregate(asking, query));
			return { value, buffers: value.flatMap(({ starts, columns }) => [starts, ...Object.values(columns)].map(bufferOf)) };
		}
		case "before":
			return { value: await asked((asking) => askBefore(asking, query)) };
		case "inOrder": {
			const value = await asked((asking) => askInOrder(asking, query));
			const { tags, times, values, quality } = value.rows;
			return { value, buffers: [tags, times, values, quality].map(bufferOf) };
		}
		case "days":
			return { value: await asked((asking) => askDays(asking, { ...query, hotBytes: hotBytes() })) };
		case "holdings":
			return { value: await asked((asking) => askHoldings(asking, { hotBytes: hotBytes() })) };
		case "export":
			return {
				value: await open.exporters.ask(id, (connection, taken) => askExport({ store, connection, check: taken }, query)),
			};
		case "tidy":
			return { value: await mover.run(check, (moving) => tidy(moving, { until: query.until, hotBytes, damaged })) };
		case "forget":
			return { value: await mover.run(check, (moving) => forget(moving, { ...query, hotBytes, damaged })) };
		case "bringOpen":
			return { value: await brought.open(query.piece) };
		case "bringRows":
			brought.add(query.piece, query.rows);
			return { value: undefined, buffers: [query.rows.buffer] };
		case "bringFinish":
			return { value: await brought.finish(query.piece, check) };
		case "bringDrop":
			brought.drop(query.piece);
			return { value: undefined };
		case "takeOut":
			return { value: await brought.takeOut(query.piece, check) };
		case "copyTo":
			return { value: await mover.run(check, (moving) => copyTo(moving, { folder: query.folder, damaged })) };
	}
}
