import type { Call } from "@millwright/core";
import { expect, test } from "vitest";
import { createRoom } from "./room.ts";

const callOf = (id: string, signal?: AbortSignal): Call => ({
	principal: { id, name: id, kind: "person", roles: ["operator"] },
	...(signal ? { signal } : {}),
});

function jobs(room: ReturnType<typeof createRoom>) {
	const running = new Map<string, () => void>();
	const ask = (name: string, rows: number, { who = "ada", signal }: { who?: string; signal?: AbortSignal } = {}) =>
		room.hold(rows, callOf(who, signal), () => new Promise<string>((resolve) => running.set(name, () => resolve(name))));
	const end = async (name: string, asked: Promise<string>) => {
		running.get(name)?.();
		running.delete(name);
		return asked;
	};
	return { running, ask, end };
}

test("small questions run together, big ones wait for room, in order", async () => {
	const { running, ask, end } = jobs(createRoom({ rows: 100, each: 10 }));
	const [a, b, big, late] = [ask("a", 40), ask("b", 40), ask("big", 90), ask("late", 10)];
	await Promise.resolve();
	expect([...running.keys()]).toEqual(["a", "b"]);
	await end("a", a);
	expect([...running.keys()]).toEqual(["b"]);
	await end("b", b);
	await Promise.resolve();
	expect([...running.keys()]).toEqual(["big", "late"]);
	await end("big", big);
	await end("late", late);
	// More than there is ever room for runs alone.
	const huge = ask("huge", 1000);
	await Promise.resolve();
	expect(await end("huge", huge)).toBe("huge");
});

test("nobody fills the line alone, and whoever went away while waiting is passed over", async () => {
	const { running, ask, end } = jobs(createRoom({ rows: 10, each: 2 }));
	const gone = new AbortController();
	const [first, second, third] = [ask("first", 10), ask("second", 10, { signal: gone.signal }), ask("third", 10)];
	await expect(ask("fourth", 10)).rejects.toMatchObject({ code: "history.busy", kind: "busy" });
	const other = ask("other", 10, { who: "olga" });
	gone.abort();
	await end("first", first);
	await expect(second).rejects.toMatchObject({ code: "history.cancelled" });
	await Promise.resolve();
	expect([...running.keys()]).toEqual(["third"]);
	expect(await end("third", third)).toBe("third");
	await Promise.resolve();
	expect(await end("other", other)).toBe("other");
});
