import { ActionIcon, Button, Modal, NumberInput, SegmentedControl, Select, Textarea, TextInput } from "@mantine/core";
import { DataClass, isFilter } from "@millwright/core";
import { IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { history } from "../../../data/history-client.ts";
import { Failed } from "../../../parts/states.tsx";
import { ChangePreview } from "../../connections/change-preview.tsx";
import { draftOf, type KeepDraft, newRule, orderOf } from "./keep-draft.ts";
import type { Policy } from "./types.ts";

/** Other rules of keeping: written, looked at with what they would forget, then applied with a reason. */
export function KeepForm({ policy, onClose, onDone }: { policy: Policy; onClose: () => void; onDone: () => Promise<void> }) {
	const { t } = useTranslation();
	const [draft, setDraft] = useState<KeepDraft>(() => draftOf(policy));
	const [why, setWhy] = useState("");
	const preview = useMutation({ mutationFn: (asked: KeepDraft) => history.previewStorage(orderOf(asked)) });
	const apply = useMutation({
		mutationFn: async (revision: string) => {
			await history.applyStorage({ ...orderOf(draft), revision }, { why: why.trim() });
			await onDone();
			onClose();
		},
	});
	const change = (next: KeepDraft): void => {
		setDraft(next);
		preview.reset();
	};
	const rule = (at: number, part: Partial<KeepDraft["rules"][number]>): void =>
		change({ ...draft, rules: draft.rules.map((one, index) => (index === at ? { ...one, ...part } : one)) });
	const wrong = draft.rules.some(({ filters }) => filters.some((filter) => !isFilter(filter)));
	const shown = preview.data;
	return (
		<Modal
			opened
			size="xl"
			onClose={onClose}
			title={<span className="strong">{t("storage.changeTitle")}</span>}
			closeButtonProps={{ "aria-label": t("action.close") }}
		>
			<div className="stack keep-form">
				<p className="second">{t("storage.ruleNote")}</p>
				{draft.rules.map((one, at) => (
					<fieldset key={one.id} className="keep-rule">
						<legend className="visually-hidden">{t("storage.rule", { number: at + 1 })}</legend>
						<TextInput
							label={t("storage.which")}
							placeholder="plant/line-1/# plant/+/+/vibration"
							value={one.text}
							error={one.filters.some((filter) => !isFilter(filter)) ? t("storage.badFilter") : undefined}
							onChange={(event) => rule(at, { text: event.currentTarget.value, filters: filtersIn(event.currentTarget.value) })}
						/>
						<Select
							label={t("storage.class")}
							data={[
								{ value: "", label: t("storage.any") },
								...DataClass.options.map((value) => ({ value, label: t(`dataClass.${value}`) })),
							]}
							value={one.dataClass ?? ""}
							allowDeselect={false}
							onChange={(value) => rule(at, { dataClass: DataClass.options.find((each) => each === value) })}
						/>
						<NumberInput
							label={t("storage.keptFor")}
							suffix={` ${t("storage.days")}`}
							placeholder={t("storage.forEver")}
							min={1}
							value={one.days ?? ""}
							onChange={(value) => rule(at, { days: typeof value === "number" ? value : null })}
						/>
						<ActionIcon
							variant="subtle"
							aria-label={t("storage.ruleUp", { number: at + 1 })}
							disabled={at === 0}
							onClick={() => change({ ...draft, rules: draft.rules.toSpliced(at, 1).toSpliced(at - 1, 0, one) })}
						>
							<IconArrowUp size={14} />
						</ActionIcon>
						<ActionIcon
							variant="subtle"
							aria-label={t("storage.ruleAway", { number: at + 1 })}
							onClick={() => change({ ...draft, rules: draft.rules.toSpliced(at, 1) })}
						>
							<IconTrash size={14} />
						</ActionIcon>
					</fieldset>
				))}
				<Button
					variant="default"
					leftSection={<IconPlus size={14} />}
					style={{ alignSelf: "flex-start" }}
					onClick={() => change({ ...draft, rules: [...draft.rules, newRule()] })}
				>
					{t("storage.addRule")}
				</Button>
				<div className="keep-rest">
					<NumberInput
						label={t("storage.restKept")}
						suffix={` ${t("storage.days")}`}
						placeholder={t("storage.forEver")}
						min={1}
						value={draft.days ?? ""}
						onChange={(value) => change({ ...draft, days: typeof value === "number" ? value : null })}
					/>
					<NumberInput
						label={t("storage.budget")}
						suffix=" GB"
						placeholder={t("storage.noBudget")}
						min={0.01}
						decimalScale={2}
						value={draft.budgetGb ?? ""}
						onChange={(value) => change({ ...draft, budgetGb: typeof value === "number" ? value : null })}
					/>
					<SegmentedControl
						aria-label={t("storage.whenFullLabel")}
						value={draft.whenFull}
						disabled={draft.budgetGb === null}
						data={(["warn", "forget-oldest"] as const).map((value) => ({ value, label: t(`storage.whenFull.${value}`) }))}
						onChange={(value) => change({ ...draft, whenFull: value === "warn" ? "warn" : "forget-oldest" })}
					/>
				</div>
				{shown ? (
					<>
						<ChangePreview preview={shown} />
						<Textarea
							label={t("confirm.why")}
							description={t("confirm.whyNote")}
							value={why}
							maxLength={500}
							required
							onChange={(event) => setWhy(event.currentTarget.value)}
						/>
					</>
				) : null}
				{(apply.error ?? preview.error) ? <Failed error={apply.error ?? preview.error} /> : null}
				<div className="row" style={{ justifyContent: "flex-end" }}>
					<Button variant="default" onClick={onClose}>
						{t("action.cancel")}
					</Button>
					{shown ? (
						<Button
							loading={apply.isPending}
							disabled={shown.problems.length > 0 || why.trim() === ""}
							{...(shown.forgets.some(({ rows }) => rows > 0) ? { color: "red" } : {})}
							onClick={() => apply.mutate(shown.revision)}
						>
							{t("storage.apply")}
						</Button>
					) : (
						<Button loading={preview.isPending} disabled={wrong} onClick={() => preview.mutate(draft)}>
							{t("storage.preview")}
						</Button>
					)}
				</div>
			</div>
		</Modal>
	);
}

const filtersIn = (text: string): string[] => text.split(/[\s,]+/).filter((filter) => filter !== "");
