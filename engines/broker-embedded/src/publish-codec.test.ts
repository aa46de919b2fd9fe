import fc from "fast-check";
import { generate, type IPublishPacket, parser } from "mqtt-packet";
import { expect, test } from "vitest";
import { FrameReader } from "./frame-reader.ts";
import { encodePublish, type ParsedPublish, parsePublish } from "./publish-codec.ts";
import { decodeProperties, encodeProperties } from "./publish-properties.ts";
import { ProtocolError } from "./reason-codes.ts";

const name = fc
	.string({ unit: "grapheme", minLength: 1, maxLength: 30 })
	.filter((text) => !/[\0+#\uFFFD]/.test(text) && text.isWellFormed());
/** mqtt-packet loses an empty text that is followed by another, and writes nothing at all for an empty object. */
const value = fc
	.string({ unit: "grapheme", minLength: 1, maxLength: 40 })
	.filter((text) => !text.includes("\0") && text.isWellFormed());
const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array));

const properties = fc.record(
	{
		payloadFormatIndicator: fc.boolean(),
		contentType: value,
		responseTopic: name,
		correlationData: bytes,
		messageExpiryInterval: fc.integer({ min: 1, max: 0xffff_ffff }),
		topicAlias: fc.integer({ min: 1, max: 65_535 }),
		userProperties: fc.dictionary(name, fc.oneof(value, fc.array(value, { minLength: 2, maxLength: 3 })), {
			minKeys: 1,
			maxKeys: 4,
			noNullPrototype: true,
		}),
	},
	{ requiredKeys: [] },
);

const publish = fc
	.record({
		topic: name,
		payload: bytes,
		qos: fc.constantFrom(0, 1, 2),
		dup: fc.boolean(),
		retain: fc.boolean(),
		id: fc.integer({ min: 1, max: 65_535 }),
		properties,
	})
	.map(
		({ id, ...rest }) =>
			({ cmd: "publish", ...rest, dup: rest.qos > 0 && rest.dup, messageId: rest.qos > 0 ? id : undefined }) as IPublishPacket,
	);

function readOne(frame: Buffer, version: 4 | 5): ParsedPublish {
	const found: ParsedPublish[] = [];
	new FrameReader(1_000_000).push(
		frame,
		(packet, start, body, end) => found.push(parsePublish(packet, start, body, end, version)),
		() => true,
	);
	expect(found).toHaveLength(1);
	return found[0] as ParsedPublish;
}

/** Equal whatever the prototype is. */
const sameUsers = (left: unknown, right: unknown): void => expect({ ...(left as object) }).toEqual({ ...(right as object) });

for (const version of [4, 5] as const)
	test(`reading a PUBLISH of version ${version} finds what mqtt-packet wrote`, () => {
		fc.assert(
			fc.property(publish, (packet) => {
				const read = readOne(generate(packet, { protocolVersion: version }), version);
				expect(read).toMatchObject({ topic: packet.topic, qos: packet.qos, dup: packet.dup, retain: packet.retain });
				expect(Buffer.compare(read.payload, packet.payload as Buffer)).toBe(0);
				if (packet.qos > 0) expect(read.packetId).toBe(packet.messageId);
				if (version === 4) return;
				const { topicAlias, messageExpiryInterval, userProperties, ...kept } = packet.properties ?? {};
				expect(read.properties?.topicAlias).toBe(topicAlias);
				expect(read.properties?.expirySeconds).toBe(messageExpiryInterval);
				const { userProperties: users, ...decoded } = decodeProperties(read.properties?.forward ?? Buffer.alloc(0));
				expect(decoded).toEqual(kept);
				sameUsers(users, userProperties);
			}),
		);
	});

for (const version of [4, 5] as const)
	test(`mqtt-packet reads a PUBLISH of version ${version} that was written by hand`, () => {
		fc.assert(
			fc.property(publish, fc.array(fc.integer({ min: 1, max: 268_435_455 }), { minLength: 2, maxLength: 3 }), (packet, ids) => {
				const { topicAlias: _, messageExpiryInterval, ...kept } = packet.properties ?? {};
				const qos = packet.qos === 0 ? 0 : 1;
				const frame = encodePublish(
					{
						topic: packet.topic,
						payload: packet.payload as Buffer,
						qos,
						dup: packet.dup,
						retain: packet.retain,
						packetId: packet.messageId ?? 1,
						forward: version === 5 ? encodeProperties(kept) : Buffer.alloc(0),
						expirySeconds: messageExpiryInterval,
						subscriptionIds: ids,
					},
					version,
				);
				let seen: IPublishPacket | undefined;
				const reader = parser({ protocolVersion: version });
				reader.on("packet", (read) => {
					seen = read as IPublishPacket;
				});
				reader.parse(frame);
				expect(seen).toMatchObject({ topic: packet.topic, qos, dup: packet.dup, retain: packet.retain });
				expect(Buffer.compare(seen?.payload as Buffer, packet.payload as Buffer)).toBe(0);
				if (version === 4) return;
				const {
					subscriptionIdentifier,
					messageExpiryInterval: expiry,
					userProperties: users,
					...others
				} = seen?.properties ?? {};
				expect(subscriptionIdentifier).toEqual(ids);
				expect(expiry).toBe(messageExpiryInterval);
				const { userProperties, ...rest } = kept;
				expect(others).toEqual(rest);
				sameUsers(users, userProperties);
			}),
		);
	});

test("a stream gives the same packets however it is cut", () => {
	fc.assert(
		fc.property(
			fc.array(publish, { minLength: 1, maxLength: 5 }),
			fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
			(packets, cuts) => {
				const stream = Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: 5 })));
				const reader = new FrameReader(1_000_000);
				const seen: string[] = [];
				for (let at = 0, i = 0; at < stream.length; i++) {
					const next = Math.min(stream.length, at + (cuts[i % cuts.length] as number));
					// A copy, as the network gives it.
					reader.push(
						Buffer.from(stream.subarray(at, next)),
						(packet, start, body, end) => seen.push(parsePublish(packet, start, body, end, 5).topic),
						() => true,
					);
					at = next;
				}
				expect(seen).toEqual(packets.map((packet) => packet.topic));
				expect(reader.pending).toBe(0);
			},
		),
	);
});

test("random bytes as a PUBLISH either read or are called a protocol error, nothing else", () => {
	fc.assert(
		fc.property(
			fc.uint8Array({ minLength: 1, maxLength: 80 }),
			fc.constantFrom(3 as const, 4 as const, 5 as const),
			(noise, version) => {
				const body = Buffer.from([0x30 | ((noise[0] as number) & 0xf), noise.length, ...noise]);
				try {
					parsePublish(body, 0, 2, body.length, version);
				} catch (error) {
					expect(error).toBeInstanceOf(ProtocolError);
				}
			},
		),
		{ numRuns: 2000 },
	);
});
