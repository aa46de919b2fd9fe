import assert from "node:assert/strict";
import { loadAsset } from "../../apps/simulator/src/load-config.ts";
import { until } from "../kit/platform.ts";
import type { Factory } from "./factory.ts";
import { type Mixing, type MixingPlc, millionsOf, mixingRegisters } from "./mixing-plc.ts";
import { type Outcome, settle } from "./outcome.ts";
import { storyEnds } from "./quality-story.ts";

/** Answers that belong to other questions: with the id before, and after their question was given up. None may be stored. */
export async function staleIds(factory: Factory, plc: MixingPlc): Promise<Outcome> {
	const { plant } = factory;
	await factory.good([...plant.targets, "mixing"]);
	const since = Date.now();
	await factory.interrupt("line", () => plant.network("load-1", "stale-ids"));
	for (const mixing of ["id-before", "too-late"] as const satisfies Mixing[]) {
		const { failures } = await factory.status("mixing");
		plc.mixing = mixing;
		await until(
			() => factory.status("mixing"),
			(now) => now.failures > failures + 2 * mixingRegisters,
			{ what: `many questions without an answer of their own (${mixing})` },
		);
		plc.mixing = "right";
		await factory.good(["mixing"]);
	}
	// Nobody's answers are no answers: silence, and said so.
	await until(
		() => factory.status("load-1"),
		({ good }) => good === 0,
		{ what: "values of the mixed-up PLC no longer good" },
	);
	await plant.network("load-1", "restore");
	await factory.good();
	await storyEnds(factory, `${loadAsset("load-1")}/counter-1`, since - 1000, ["good"]);
	const { foreign, repeated, rows } = await foreignValues(factory);
	assert.ok(rows > 0, "the mixing PLC was read");
	const outcome = await settle(factory, { foreign, mixingRows: rows });
	return { ...outcome, reordered: outcome.reordered + foreign, duplicated: outcome.duplicated + repeated };
}

/** Stored values that are of another register than their tag, or not above the one before. */
async function foreignValues({ session }: Factory): Promise<{ rows: number; foreign: number; repeated: number }> {
	const sum = { rows: 0, foreign: 0, repeated: 0 };
	for (let index = 0; index < mixingRegisters; index++) {
		const tag = `northworks/mixing/register-${index}`;
		const { values, quality } = await session.history.raw({ tag, from: 0, until: Date.now() + 60_000, limit: 1_000_000 });
		const good = values.filter((_, row) => quality[row] === 0) as number[];
		sum.rows += good.length;
		for (const [row, value] of good.entries()) {
			if (millionsOf(value) !== index) sum.foreign++;
			else if (row > 0 && value <= (good[row - 1] as number)) sum.repeated++;
		}
	}
	return sum;
}
