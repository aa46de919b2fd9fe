import { until } from "../kit/platform.ts";
import type { Factory } from "./factory.ts";
import { countStored } from "./stored-values.ts";

/** What a fault left behind; all four must be 0. */
export interface Outcome {
	lost: number;
	duplicated: number;
	reordered: number;
	crashed: number;
	figures: Record<string, number>;
}

/** Values a machine may have answered without our having them, in a row of one tag: a second's worth. */
const mostUnderWay = 10;

/**
 * Silences the machines, waits until everything has arrived, and compares what the platform says it sent with what the
 * history gives back. Then the machines speak again.
 */
export async function settle(factory: Factory, figures: Record<string, number> = {}): Promise<Outcome> {
	const { plant, session } = factory;
	await factory.good();
	await factory.interrupt("line", () => Promise.all(plant.targets.map((target) => plant.network(target, "cut"))));
	await until(
		() => session.sense.connections({}),
		(all) =>
			all.connections.every(
				({ connection, bad, tags, reason }) => !plant.targets.includes(connection) || (bad === tags && reason),
			),
		{ what: "every value told to be bad, with the reason, once all machines are gone" },
	);
	const ledger = await until(
		() => session.sense.ledger({}),
		(now) =>
			plant.targets.every(
				(name) => now.connections[name]?.buffered === 0 && now.connections[name]?.sent === now.connections[name]?.stored,
			),
		{ what: "a ledger with nothing buffered and sent = stored" },
	);
	const counted = await countStored(session, factory);
	await Promise.all(plant.targets.map((target) => plant.network(target, "restore")));
	await factory.good();
	const sums = plant.targets.map((name) => ({ sent: ledger.connections[name]?.sent ?? 0, rows: counted.rows[name] ?? 0 }));
	for (const line of counted.examples) console.error(line);
	return {
		lost:
			sums.reduce((sum, { sent, rows }) => sum + Math.max(0, sent - rows), 0) +
			counted.holes +
			Math.max(0, counted.widest - mostUnderWay),
		duplicated: sums.reduce((sum, { sent, rows }) => sum + Math.max(0, rows - sent), 0) + counted.repeated,
		reordered: counted.reordered,
		crashed: factory.crashes(),
		figures: {
			sent: sums.reduce((sum, { sent }) => sum + sent, 0),
			unsent: counted.unsent,
			widestUnsent: counted.widest,
			...figures,
		},
	};
}
