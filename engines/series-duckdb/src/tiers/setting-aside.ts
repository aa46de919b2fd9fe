import type { DamagedSegment } from "../parquet/segment-reader.ts";
import type { FromWorker } from "../protocol.ts";
import type { Mover } from "./mover.ts";
import type { Segments } from "./segments.ts";

/** Moves damaged files aside, remembers what is missing by it, and says so once. */
export function createSettingAside({
	mover,
	segments,
	tell,
}: {
	mover: Mover;
	segments: Segments;
	tell(message: FromWorker): void;
}) {
	return {
		damaged({ file: path, message }: DamagedSegment): void {
			const segment = segments.all.find(({ file }) => segments.path(file) === path);
			if (!segment) return;
			segments.setAside(segment);
			const { day, rows, file } = segment;
			tell({ kind: "damaged", missing: { day, rows, file }, reason: message });
			mover
				.run(
					() => {},
					async ({ connection }) => connection.run("UPDATE segment SET damaged = true WHERE file = $file", { file }),
				)
				// The file is aside already: the next start finds it missing and remembers it then.
				.catch(() => {});
		},
	};
}
