import { ActionIcon, Button, Kbd, Menu, useMantineColorScheme } from "@mantine/core";
import { IconLogout, IconMenu2, IconSearch, IconUserCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { access } from "../data/clients.ts";
import { useActiveLimits } from "../data/use-overview.ts";
import { SeverityCount } from "../parts/severity.tsx";
import { useFormat, useNow } from "../parts/use-format.ts";
import { ConnectionMark } from "./connection-mark.tsx";
import { type Language, languages, speak } from "./i18n.ts";
import { Mark } from "./mark.tsx";
import { useSession } from "./session.tsx";

const languageNames: Record<Language, string> = { en: "English", es: "Español" };
const schemes = ["light", "dark", "auto"] as const;

function PersonMenu() {
	const { t, i18n } = useTranslation();
	const { me, may, signOut } = useSession();
	const { colorScheme, setColorScheme } = useMantineColorScheme();
	return (
		<Menu position="bottom-end" width={220}>
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
				{languages.map((language) => (
					<Menu.Item
						key={language}
						role="menuitemradio"
						aria-checked={i18n.language === language}
						rightSection={i18n.language === language ? "✓" : null}
						onClick={() => {
							void speak(language);
							// Remembered for the next machine as well; failing that it holds here.
							if (may("access.updateMe")) access.updateMe({ language }).catch(() => {});
						}}
					>
						<span lang={language}>{languageNames[language]}</span>
					</Menu.Item>
				))}
				<Menu.Divider />
				<Menu.Label>{t("person.colours")}</Menu.Label>
				{schemes.map((scheme) => (
					<Menu.Item
						key={scheme}
						role="menuitemradio"
						aria-checked={colorScheme === scheme}
						rightSection={colorScheme === scheme ? "✓" : null}
						onClick={() => setColorScheme(scheme)}
					>
						{t(`person.scheme.${scheme}`)}
					</Menu.Item>
				))}
				<Menu.Divider />
				<Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void signOut()}>
					{t("person.signOut")}
				</Menu.Item>
			</Menu.Dropdown>
		</Menu>
	);
}

/** Mark, search, connection, what is critical or high now, the clock, the person. */
export function Header({ onSearch, onMenu }: { onSearch: () => void; onMenu: () => void }) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(5000);
	const limits = useActiveLimits();
	const events = limits.data?.events ?? [];
	const critical = events.filter((event) => event.severity === "critical").length;
	const high = events.length - critical;
	return (
		<header className="header">
			<ActionIcon
				className="menu-button quiet-icon"
				variant="subtle"
				color="gray"
				size={32}
				onClick={onMenu}
				aria-label={t("nav.open")}
			>
				<IconMenu2 size={20} stroke={1.6} />
			</ActionIcon>
			<Link to="/" className="brand">
				<Mark size={22} />
				<span>Millwright</span>
			</Link>
			<span className="grow" />
			<Button
				variant="default"
				className="search-button"
				onClick={onSearch}
				leftSection={<IconSearch size={14} stroke={1.8} />}
				rightSection={
					<Kbd className="search-key" aria-hidden="true">
						Ctrl K
					</Kbd>
				}
				aria-keyshortcuts="Control+K Meta+K"
			>
				{t("palette.find")}
			</Button>
			<ConnectionMark />
			{critical > 0 ? (
				<Link to="/" hash="limits" aria-label={t("header.critical", { count: critical })}>
					<SeverityCount severity="critical" count={critical} />
				</Link>
			) : null}
			{high > 0 ? (
				<Link to="/" hash="limits" aria-label={t("header.high", { count: high })}>
					<SeverityCount severity="high" count={high} />
				</Link>
			) : null}
			<time className="header-clock second" dateTime={new Date(now).toISOString()}>
				{format.clock(now)}
			</time>
			<PersonMenu />
		</header>
	);
}
