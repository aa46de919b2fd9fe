import { ActionIcon, Menu, useMantineColorScheme } from "@mantine/core";
import { IconLogout, IconUserCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { access } from "../data/clients.ts";
import { isLanguage, type Language, languages, speak } from "./i18n.ts";
import { useSession } from "./session.tsx";

const languageNames: Record<Language, string> = { en: "English", es: "Español" };
const schemes = ["light", "dark", "auto"] as const;

/** Account, language, colours, the way out. Loaded when it is first asked for, and open then. */
export function PersonMenu() {
	const { t, i18n } = useTranslation();
	const { me, may, signOut } = useSession();
	const { colorScheme, setColorScheme } = useMantineColorScheme();
	return (
		<Menu position="bottom-end" width={220} defaultOpened>
			<Menu.Target>
				<ActionIcon
					variant="subtle"
					color="gray"
					size={32}
					aria-label={t("person.menu", { name: me.name })}
					className="quiet-icon"
				>
					<IconUserCircle size={20} stroke={1.6} />
				</ActionIcon>
			</Menu.Target>
			<Menu.Dropdown>
				<Menu.Label>
					{me.name} · {me.roles.map((role) => t(`role.${role}`)).join(", ")}
				</Menu.Label>
				{may("access.updateMe") ? (
					<Menu.Item component={Link} to="/users" search={{ tab: "me" } as never}>
						{t("person.account")}
					</Menu.Item>
				) : null}
				<Menu.Divider />
				<Menu.Label>{t("person.language")}</Menu.Label>
				<Menu.RadioGroup
					value={i18n.language}
					onChange={(language) => {
						if (!isLanguage(language)) return;
						void speak(language);
						// Remembered for the next machine as well; failing that it holds here.
						if (may("access.updateMe")) access.updateMe({ language }).catch(() => {});
					}}
				>
					{languages.map((language) => (
						<Menu.RadioItem key={language} value={language} lang={language}>
							{languageNames[language]}
						</Menu.RadioItem>
					))}
				</Menu.RadioGroup>
				<Menu.Divider />
				<Menu.Label>{t("person.colours")}</Menu.Label>
				<Menu.RadioGroup value={colorScheme} onChange={(scheme) => setColorScheme(scheme as (typeof schemes)[number])}>
					{schemes.map((scheme) => (
						<Menu.RadioItem key={scheme} value={scheme}>
							{t(`person.scheme.${scheme}`)}
						</Menu.RadioItem>
					))}
				</Menu.RadioGroup>
				<Menu.Divider />
				<Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void signOut()}>
					{t("person.signOut")}
				</Menu.Item>
			</Menu.Dropdown>
		</Menu>
	);
}
