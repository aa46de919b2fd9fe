import { expect, test } from "vitest";
import { createGate } from "./gate.ts";

/** A run that ends when told. */
function held() {
	const { promise, resolve } = Promise.withResolvers<void>();
	return { run: () => promise, end: resolve };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("lets readers in together, a writer alone, and a writer that waits before readers that came later", async () => {
	const gate = createGate();
	const order: string[] = [];
	const said = (what: string, run: () => Promise<void>) => async () => {
		order.push(`${what} begins`);
		await run();
		order.push(`${what} ends`);
	};
	const [a, b, writer, later] = [held(), held(), held(), held()];
	const all = [
		gate.read(said("a", a.run)),
		gate.read(said("b", b.run)),
		gate.write(said("writer", writer.run)),
		gate.read(said("later", later.run)),
	];
	await settled();
	expect(order).toEqual(["a begins", "b begins"]);
	a.end();
	await settled();
	expect(order).toEqual(["a begins", "b begins", "a ends"]);
	b.end();
	await settled();
	expect(order.slice(3)).toEqual(["b ends", "writer begins"]);
	writer.end();
	await settled();
	expect(order.slice(5)).toEqual(["writer ends", "later begins"]);
	later.end();
	await Promise.all(all);
});

test("opens again after one that failed", async () => {
	const gate = createGate();
	await expect(gate.write(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
	await expect(gate.read(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
	expect(await gate.write(() => Promise.resolve(1))).toBe(1);
	expect(await gate.read(() => Promise.resolve(2))).toBe(2);
});
