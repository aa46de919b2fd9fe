import { Button, Menu } from "@mantine/core";
import { asMillwrightError } from "@millwright/core";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../app/session.tsx";
import { history } from "../data/history-client.ts";
import { saveAnswer } from "./save-answer.ts";
import { endsOf } from "./trend/clock.ts";
import { useClock } from "./trend/use-clock.ts";

const formats = ["csv", "parquet"] as const;

/** Samples of the tags and window on screen, as a file. */
export function ExportMenu({ tags }: { tags: string[] }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const { clock } = useClock();
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState<string>();
	if (!may("history.export")) return null;
	const save = async (format: (typeof formats)[number]): Promise<void> => {
		setBusy(true);
		setProblem(undefined);
		try {
			const answer = (await history.export({ tags, ...endsOf(clock, Date.now()), format })) as Response;
			await saveAnswer(answer, `millwright.${format}`);
		} catch (error) {
			setProblem(asMillwrightError(error).message);
		} finally {
			setBusy(false);
		}
	};
	return (
		<>
			{problem ? (
				<span role="alert" className="severity critical small">
					{problem}
				</span>
			) : null}
			<Menu position="bottom-end">
				<Menu.Target>
					<Button variant="default" leftSection={<IconDownload size={14} />} loading={busy} disabled={tags.length === 0}>
						{t("trend.export")}
					</Button>
				</Menu.Target>
				<Menu.Dropdown>
					{formats.map((format) => (
						<Menu.Item key={format} onClick={() => void save(format)}>
							{t(`trend.format.${format}`)}
						</Menu.Item>
					))}
				</Menu.Dropdown>
			</Menu>
		</>
	);
}
