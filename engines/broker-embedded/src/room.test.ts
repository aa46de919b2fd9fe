import { expect, test } from "vitest";
import { brokerForTest } from "./testing/broker-for-test.ts";
import { RawClient } from "./testing/raw-client.ts";

const publish = (payload: string) => ({ cmd: "publish", topic: "a", payload, qos: 0, dup: false, retain: false }) as const;

test("a publisher of QoS 0 is read no further while the product has no room, and others are; then nothing is missing", async () => {
	const room = Promise.withResolvers<void>();
	const seen: string[] = [];
	let wake = (): void => {};
	await using broker = await brokerForTest({
		onExternalPublish({ payload, client }) {
			const text = `${client.id} ${Buffer.from(payload).toString()}`;
			seen.push(text);
			wake();
			return text === "eager 3" ? { retain: false, room: room.promise } : { retain: false };
		},
	});
	const until = async (text: string): Promise<void> => {
		while (!seen.includes(text))
			await new Promise<void>((resolve) => {
				wake = resolve;
			});
	};
	const eager = await RawClient.open(broker.port, { clientId: "eager" });
	const calm = await RawClient.open(broker.port, { clientId: "calm" });
	for (let i = 0; i < 10; i++) eager.send(publish(String(i)));
	await until("eager 3");
	for (let i = 0; i < 10; i++) {
		calm.send(publish(String(i)));
		await calm.settled();
	}
	expect(seen.filter((text) => text.startsWith("eager"))).toEqual([0, 1, 2, 3].map((i) => `eager ${i}`));
	expect(seen.filter((text) => text.startsWith("calm"))).toHaveLength(10);
	room.resolve();
	await until("eager 9");
	expect(seen.filter((text) => text.startsWith("eager"))).toEqual(Array.from({ length: 10 }, (_, i) => `eager ${i}`));
	eager.end();
	calm.end();
});
