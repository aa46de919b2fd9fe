import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "../../../app/session.tsx";
import { history } from "../../../data/history-client.ts";
import { Fact, Panel } from "../../../parts/panel.tsx";
import { Failed } from "../../../parts/states.tsx";
import { useFormat, useNow } from "../../../parts/use-format.ts";
import type { Storage } from "./types.ts";

/** When closed days were last sorted and squeezed, what that brought, and the button to do it now. */
export function Housekeeping({ storage, onDone }: { storage: Storage; onDone: () => Promise<void> }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const now = useNow(10_000);
	const tidy = useMutation({ mutationFn: () => history.tidy({}), onSettled: onDone });
	const { lastRun, nextRunAt } = storage;
	return (
		<Panel
			title={t("storage.housekeeping")}
			side={
				may("history.tidy") ? (
					<Button variant="default" size="compact-xs" loading={tidy.isPending || storage.running} onClick={() => tidy.mutate()}>
						{t("storage.tidyNow")}
					</Button>
				) : undefined
			}
		>
			<dl>
				<Fact name={t("storage.lastRun")}>
					{lastRun ? `${format.moment(lastRun.at, now)} · ${format.duration(lastRun.tookMs)}` : t("storage.notYet")}
				</Fact>
				{lastRun ? (
					<>
						<Fact name={t("storage.squeezed")}>
							{lastRun.rows > 0
								? `${format.count(lastRun.rows)} · ${format.bytes(lastRun.bytesBefore)} → ${format.bytes(lastRun.bytesAfter)}`
								: t("storage.nothingToDo")}
						</Fact>
						<Fact name={t("storage.forgotten")}>
							{lastRun.forgottenRows > 0
								? `${format.count(lastRun.forgottenRows)} · ${format.bytes(lastRun.forgottenBytes)}`
								: t("storage.nothingToDo")}
						</Fact>
					</>
				) : null}
				<Fact name={t("storage.nextRun")}>{nextRunAt === undefined ? "–" : format.moment(nextRunAt, now)}</Fact>
				<Fact name={t("storage.engine")}>{storage.engine}</Fact>
				{storage.disk ? (
					<Fact name={t("storage.free")}>
						{t("storage.freeOf", { free: format.bytes(storage.disk.freeBytes), all: format.bytes(storage.disk.totalBytes) })}
					</Fact>
				) : null}
			</dl>
			{lastRun?.failed ? (
				<p role="alert" className="severity high">
					{lastRun.failed}
				</p>
			) : null}
			{tidy.error ? <Failed error={tidy.error} /> : null}
		</Panel>
	);
}
