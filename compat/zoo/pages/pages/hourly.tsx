export function getStaticProps() {
  return { props: { text: "Revalidated <every> hour & more" }, revalidate: 3600 };
}

export default function HourlyPage({ text }: { text: string }) {
  return <main>{text}</main>;
}
