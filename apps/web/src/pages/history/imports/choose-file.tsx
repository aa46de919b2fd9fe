import { Button, FileInput } from "@mantine/core";
import { IconFile } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failed } from "../../../parts/states.tsx";
import { useFormat } from "../../../parts/use-format.ts";
import { upload } from "./upload.ts";

/** A file of this computer, sent with its progress shown; or one that lies on the server already. */
export function ChooseFile({
	inbox,
	onChosen,
	onCancel,
}: {
	inbox: { file: string; bytes: number }[];
	onChosen: (file: string, name: string) => void;
	onCancel: () => void;
}) {
	const { t } = useTranslation();
	const format = useFormat();
	const [share, setShare] = useState<number>();
	const [error, setError] = useState<unknown>();
	const leaving = useRef(new AbortController());
	useEffect(() => {
		leaving.current = new AbortController();
		return () => leaving.current.abort();
	}, []);
	const send = async (file: File): Promise<void> => {
		setError(undefined);
		setShare(0);
		try {
			onChosen(await upload(file, setShare, leaving.current.signal), file.name);
		} catch (problem) {
			setError(problem);
			setShare(undefined);
		}
	};
	return (
		<div className="stack">
			<FileInput
				size="xs"
				label={t("import.fromHere")}
				description={t("import.fromHereNote")}
				placeholder={t("import.pick")}
				accept=".csv,.tsv,.txt,.parquet,.pq"
				leftSection={<IconFile size={14} />}
				disabled={share !== undefined}
				onChange={(file) => {
					if (file) void send(file);
				}}
			/>
			{share === undefined ? null : (
				<div>
					<p className="second small" role="status">
						{t("import.sending", { share: format.percent(share, 0) })}
					</p>
					<div className="import-progress">
						<span style={{ width: `${share * 100}%` }} />
					</div>
				</div>
			)}
			{inbox.length > 0 ? (
				<div>
					<h3>{t("import.onServer")}</h3>
					<ul>
						{inbox.map(({ file, bytes }) => (
							<li key={file} className="row">
								<Button variant="subtle" size="compact-xs" onClick={() => onChosen(file, file.replace(/^inbox:/, ""))}>
									{file.replace(/^inbox:/, "")}
								</Button>
								<span className="third">{format.bytes(bytes)}</span>
							</li>
						))}
					</ul>
				</div>
			) : null}
			{error ? <Failed error={error} /> : null}
			<div className="row">
				<Button variant="default" onClick={onCancel}>
					{t("action.cancel")}
				</Button>
			</div>
		</div>
	);
}
