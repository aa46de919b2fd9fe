import { asMillwrightError, type Log, type SampleBatch } from "@millwright/core";
import type { SampleStore } from "@millwright/sense/api";
import type { AskMessage, StateMessage } from "../gateways/link-messages.ts";
import type { Pump } from "./pump.ts";
import { parcelOf, type UpLane } from "./up-lane.ts";

/** Rows read ahead of the line. */
const bufferedRows = 20_000;
const mostRemembered = 50;

interface Answer {
	ask: string;
	state: "running" | "done" | "failed";
	rows: number;
	reason?: string;
	rowsOf: AsyncIterator<SampleBatch>;
}

/** Raw on demand: what the centre asks for is read from the store and goes up behind everything else, whole batches with their own numbers. */
export function createAnswers({
	store,
	laneOf,
	pump,
	log,
}: {
	store: Pick<SampleStore, "replayRange">;
	laneOf(connection: string): UpLane;
	pump: Pump;
	log: Log;
}) {
	let answers: Answer[] = [];
	let stopping = new AbortController();
	let isReading = false;

	async function* batchesOf({ connections, from, until }: AskMessage, signal: AbortSignal): AsyncGenerator<SampleBatch> {
		for (const connection of connections)
			for await (const { batch } of store.replayRange({ connection, from, until, signal })) yield batch;
	}

	const waiting = (): number => {
		let rows = 0;
		for (const lane of lanesInUse) for (const parcel of lane.asked) rows += parcel.rows;
		return rows;
	};
	const lanesInUse = new Set<UpLane>();

	async function read(answer: Answer, signal: AbortSignal): Promise<void> {
		while (!signal.aborted && waiting() < bufferedRows) {
			const next = await answer.rowsOf.next();
			if (signal.aborted) return;
			if (next.done) {
				answer.state = "done";
				return;
			}
			const batch = next.value;
			const lane = laneOf(batch.connection);
			lanesInUse.add(lane);
			lane.asked.push(parcelOf({ ...batch, historical: true }, "asked"));
			answer.rows += batch.length;
		}
	}

	return {
		ask(about: AskMessage): void {
			// Asked again because our word was lost, or because a new line begins.
			if (answers.some(({ ask, state }) => ask === about.ask && state !== "failed")) return;
			log.info("The centre asks for samples", { connections: about.connections, from: about.from, until: about.until });
			const answer: Answer = { ask: about.ask, state: "running", rows: 0, rowsOf: batchesOf(about, stopping.signal) };
			answers = [...answers.filter(({ ask }) => ask !== about.ask), answer].slice(-mostRemembered);
		},
		/** Reads on while there is room; called again and again. */
		advance(): void {
			const answer = answers.find(({ state }) => state === "running");
			if (!answer || isReading) return;
			isReading = true;
			read(answer, stopping.signal)
				.catch((thrown: unknown) => {
					answer.state = "failed";
					answer.reason = asMillwrightError(thrown).message.slice(0, 500);
				})
				.finally(() => {
					isReading = false;
					pump.go();
				});
		},
		states: (): StateMessage["asked"] =>
			answers.map(({ ask, state, rows, reason }) => ({ ask, state, rows, ...(reason === undefined ? {} : { reason }) })),
		/** The line is gone; the centre asks again for what is not done. */
		reset(): void {
			stopping.abort();
			stopping = new AbortController();
			answers = answers.filter(({ state }) => state === "done");
			lanesInUse.clear();
		},
	};
}
