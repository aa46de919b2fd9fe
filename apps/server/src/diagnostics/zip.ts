import { strToU8, Zip, ZipDeflate } from "fflate";

/** Files as a .zip, one after the other as they are asked for. Text is small; the event loop gets a turn between two files. */
export async function* zipOf(files: AsyncIterable<{ name: string; text: string }>, at: Date): AsyncGenerator<Uint8Array> {
	const chunks: Uint8Array[] = [];
	let failed: Error | undefined;
	const zip = new Zip((error, chunk) => {
		if (error) failed = error;
		else chunks.push(chunk);
	});
	const taken = function* () {
		if (failed) throw failed;
		yield* chunks.splice(0);
	};
	for await (const { name, text } of files) {
		const entry = new ZipDeflate(name, { level: 6 });
		entry.mtime = at;
		zip.add(entry);
		entry.push(strToU8(text), true);
		yield* taken();
		await new Promise((resolve) => setImmediate(resolve));
	}
	zip.end();
	yield* taken();
}
