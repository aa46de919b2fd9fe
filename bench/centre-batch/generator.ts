import { openGateway, prepare, type Shape } from "./gateway.ts";

/** A process of its own, so that what it costs is not counted as the centre's. Driven by its parent. */
const { shape, rounds, seconds } = JSON.parse(process.argv[2] as string) as { shape: Shape; rounds: number; seconds: number };
const prepared = prepare(shape, rounds, Date.now());
const gateway = await openGateway(shape);
process.send?.({ ready: true, bytes: prepared.bytes, rows: prepared.rows.reduce((sum, one) => sum + one, 0) });
process.on("message", async (message: { go?: boolean; end?: boolean }) => {
	if (message.go) {
		const began = performance.now();
		const rows = await gateway.send(prepared.messages, prepared.rows, { seconds });
		const sentMs = performance.now() - began;
		const all = await gateway.confirmedAll(rows);
		process.send?.({
			rows,
			sentMs,
			ms: performance.now() - began,
			all,
			confirmed: gateway.confirmed(),
			receipts: gateway.receipts(),
		});
	}
	if (message.end) {
		await gateway.close();
		process.exit(0);
	}
});
