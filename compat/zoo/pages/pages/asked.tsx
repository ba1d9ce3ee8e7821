export function getServerSideProps() {
  return { props: { text: "Rendered for every request" } };
}

export default function AskedPage({ text }: { text: string }) {
  return <main>{text}</main>;
}
