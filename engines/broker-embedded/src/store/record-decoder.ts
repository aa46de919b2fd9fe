import { type Recorder, recordType } from "./records.ts";

type Qos = 0 | 1 | 2;

/** Says every record in `bytes` to the recorder. Throws where the bytes are not records; what came before has been said. */
export function replayRecords(bytes: Buffer, to: Recorder): void {
	let at = 0;
	const byte = (): number => bytes.readUInt8(at++);
	const short = (): number => {
		at += 2;
		return bytes.readUInt16LE(at - 2);
	};
	const word = (): number => {
		at += 4;
		return bytes.readUInt32LE(at - 4);
	};
	const double = (): number => {
		at += 8;
		return bytes.readDoubleLE(at - 8);
	};
	const block = (): Buffer => {
		const length = word();
		if (at + length > bytes.length) throw new RangeError("A record ends too early");
		at += length;
		// A copy: a short payload must not hold a whole file alive.
		return Buffer.from(bytes.subarray(at - length, at));
	};
	const text = (): string => {
		const length = word();
		if (at + length > bytes.length) throw new RangeError("A record ends too early");
		at += length;
		return bytes.toString("utf8", at - length, at);
	};
	const numbers = (count: number): number[] => {
		const found: number[] = [];
		for (let i = 0; i < count; i++) found.push(word());
		return found;
	};
	const readers: Record<number, () => void> = {
		[recordType.session]: () =>
			to.session({ number: word(), expirySeconds: double(), awayMs: double(), principal: text(), clientId: text() }),
		[recordType.sessionEnded]: () => to.sessionEnded(word()),
		[recordType.subscribed]() {
			const session = word();
			const flags = byte();
			const id = word();
			const key = text();
			to.subscribed(session, {
				key,
				qos: (flags & 3) as Qos,
				noLocal: (flags & 4) !== 0,
				retainAsPublished: (flags & 8) !== 0,
				id,
			});
		},
		[recordType.unsubscribed]: () => to.unsubscribed(word(), text()),
		[recordType.message]() {
			const number = double();
			const flags = byte();
			to.message({
				number,
				qos: (flags & 3) as Qos,
				retain: (flags & 4) !== 0,
				expiresAtMs: double(),
				topic: text(),
				clientId: text(),
				principal: text(),
				forward: block(),
				payload: block(),
			});
		},
		[recordType.queued]() {
			const session = word();
			const order = double();
			const message = double();
			const flags = byte();
			const ids = numbers(short());
			to.queued(session, { order, message, qos: (flags & 3) as 1 | 2, retain: (flags & 4) !== 0, ids, group: text() });
		},
		[recordType.sent]: () => to.sent(word(), double(), short()),
		[recordType.released]: () => to.released(word(), double()),
		[recordType.done]: () => to.done(word(), double()),
		[recordType.received]: () => to.received(word(), short()),
		[recordType.receivedGone]: () => to.receivedGone(word(), short()),
		[recordType.retained]: () => to.retained(double()),
		[recordType.cleared]: () => to.cleared(text()),
		[recordType.will]() {
			const flags = byte();
			to.will({
				qos: (flags & 3) as Qos,
				retain: (flags & 4) !== 0,
				delaySeconds: double(),
				expirySeconds: double(),
				principal: text(),
				clientId: text(),
				topic: text(),
				forward: block(),
				payload: block(),
			});
		},
		[recordType.willGone]: () => to.willGone(text(), text()),
	};
	while (at < bytes.length) {
		const type = byte();
		const read = readers[type];
		if (read === undefined) throw new RangeError(`Record type ${type} is not known`);
		read();
	}
}
