export function getStaticProps() {
  return { props: { text: "From the Pages Router" }, revalidate: 600 };
}

export default function LegacyPage({ text }: { text: string }) {
  return <main>{text}</main>;
}
