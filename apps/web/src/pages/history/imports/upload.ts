import { history } from "../../../data/history-client.ts";

/** Of the file, before base64 makes it a third longer. */
const pieceBytes = 480_000;

/** Sends a file piece by piece; tells how far it is, 0 to 1. Returns its name on the server. */
export async function upload(file: File, tell: (share: number) => void, signal: AbortSignal): Promise<string> {
	let name: string | undefined;
	for (let offset = 0; offset === 0 || offset < file.size; offset += pieceBytes) {
		const bytes = new Uint8Array(await file.slice(offset, offset + pieceBytes).arrayBuffer());
		const answer = await history.uploadImport(
			{ ...(name === undefined ? {} : { file: name }), name: file.name, offset, data: base64(bytes) },
			{ signal },
		);
		name = answer.file;
		tell(file.size === 0 ? 1 : Math.min(1, (offset + bytes.length) / file.size));
	}
	return name as string;
}

function base64(bytes: Uint8Array): string {
	let text = "";
	// As many arguments as every browser takes.
	for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
	return btoa(text);
}
