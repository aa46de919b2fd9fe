import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SeriesEngine } from "@millwright/core";
import { afterAll, beforeAll, describe } from "vitest";
import { aggregateTests } from "./series/aggregate.ts";
import { broughtTests } from "./series/brought.ts";
import { copyTests } from "./series/copy.ts";
import { downsampleTests } from "./series/downsample.ts";
import { exportTests } from "./series/export.ts";
import { forgetTests } from "./series/forget.ts";
import { inOrderTests } from "./series/in-order.ts";
import { range, type SeriesKit, type SeriesPeer, seriesBatch } from "./series/kit.ts";
import { lifeTests } from "./series/life.ts";
import { numberTests } from "./series/numbers.ts";
import { rawTests } from "./series/raw.ts";
import { tidyTests } from "./series/tidy.ts";

export { type SeriesPeer, seriesBatch } from "./series/kit.ts";

/** What every series engine promises. Each engine's own test file runs it. */
export function seriesSuite(name: string, open: () => Promise<SeriesPeer>): void {
	describe(`series on ${name}`, () => {
		let peer: SeriesPeer;
		let engine: SeriesEngine;
		let folder: string;
		let lastTag = 0;
		let lastConnection = 0;

		beforeAll(async () => {
			folder = await mkdtemp(join(tmpdir(), "series-suite-"));
			peer = await open();
			engine = peer.engine;
			await engine.start();
		});
		afterAll(async () => {
			await engine.stop();
			await peer.close();
			await rm(folder, { recursive: true, force: true });
		});

		const kit: SeriesKit = {
			get engine() {
				return engine;
			},
			get peer() {
				return peer;
			},
			get folder() {
				return folder;
			},
			async reopen() {
				engine = await peer.again();
			},
			newTag: () => ++lastTag,
			newConnection: () => `connection-${++lastConnection}`,
			async store(points, tag = kit.newTag()) {
				const rows = points.map((one) => ({ tag, ...one }));
				if (rows.length > 0) await engine.append(seriesBatch(kit.newConnection(), 0, rows));
				return tag;
			},
			all: (tag) => engine.raw({ tag, range, limit: 100_000 }),
		};

		rawTests(kit);
		numberTests(kit);
		aggregateTests(kit);
		downsampleTests(kit);
		exportTests(kit);
		tidyTests(kit);
		forgetTests(kit);
		broughtTests(kit);
		inOrderTests(kit);
		copyTests(kit);
		lifeTests(kit);
	});
}
