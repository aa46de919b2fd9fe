import { channel, event, type Log } from "@millwright/core";
import { expect, test } from "vitest";
import * as z from "zod";
import { createBus } from "./bus.ts";
import { silentLog } from "./log.ts";

const opened = event({ name: "door.opened", summary: "A door opened", data: z.object({ door: z.string() }) });
const numbers = channel<number>("numbers");

test("one listener's failure is logged with its owner and its neighbours still hear", () => {
	const errors: unknown[] = [];
	const log: Log = { ...silentLog, error: (_message, data) => void errors.push(data?.owner) };
	const bus = createBus({ log });
	const heard: string[] = [];
	bus.on(opened, "clumsy", () => {
		throw new Error("oops");
	});
	bus.on(opened, "careful", ({ door }) => void heard.push(door));
	bus.emit(opened, { door: "north" });
	expect(heard).toEqual(["north"]);
	expect(errors).toEqual(["clumsy"]);
});

test("a listener that left hears no more, even when it leaves while a message is on its way", () => {
	const bus = createBus({ log: silentLog });
	const heard: string[] = [];
	const leave = bus.receive(numbers, "a", (n) => {
		heard.push(`a${n}`);
		leave();
	});
	bus.receive(numbers, "b", (n) => void heard.push(`b${n}`));
	bus.send(numbers, 1);
	bus.send(numbers, 2);
	expect(heard).toEqual(["a1", "b1", "b2"]);
});
