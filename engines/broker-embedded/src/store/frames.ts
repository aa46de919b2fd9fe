import { crc32 } from "node:zlib";

/** "MWJ1", length of the records, CRC-32 of the records; all little-endian. One frame is one commit: whole or not there. */
export const frameHead = 12;
const magic = Buffer.from("MWJ1");

/** Fills in the head of a buffer that has its records behind the first twelve bytes. */
export function sealFrame(frame: Buffer): Buffer {
	magic.copy(frame);
	frame.writeUInt32LE(frame.length - frameHead, 4);
	frame.writeUInt32LE(crc32(frame.subarray(frameHead)), 8);
	return frame;
}

/** Where the frame at `at` ends; -1 where there is no whole and sound frame. */
function endOfFrame(bytes: Buffer, at: number): number {
	if (at + frameHead > bytes.length || bytes.compare(magic, 0, 4, at, at + 4) !== 0) return -1;
	const end = at + frameHead + bytes.readUInt32LE(at + 4);
	if (end > bytes.length) return -1;
	return crc32(bytes.subarray(at + frameHead, end)) === bytes.readUInt32LE(at + 8) ? end : -1;
}

export interface FramesFound {
	/** Bytes up to the last sound frame's end. */
	soundBytes: number;
	/** Places between sound frames that are not frames: damage, not an unfinished write. */
	damaged: number;
}

/** Hands on the records of every sound frame; goes on behind damage where another sound frame is found. */
export function readFrames(bytes: Buffer, take: (records: Buffer) => void): FramesFound {
	const found: FramesFound = { soundBytes: 0, damaged: 0 };
	let at = 0;
	while (at < bytes.length) {
		let end = endOfFrame(bytes, at);
		if (end < 0) {
			let next = bytes.indexOf(magic, at + 1);
			while (next >= 0 && endOfFrame(bytes, next) < 0) next = bytes.indexOf(magic, next + 1);
			if (next < 0) return found;
			found.damaged++;
			at = next;
			end = endOfFrame(bytes, at);
		}
		take(bytes.subarray(at + frameHead, end));
		at = end;
		found.soundBytes = end;
	}
	return found;
}
