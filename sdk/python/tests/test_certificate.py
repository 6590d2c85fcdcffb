import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from cubeset.teacher.certificate import make_certificate


def test_it_is_as_the_protocol_wants_it():
    made = make_certificate()
    c = x509.load_pem_x509_certificate(made.pem)
    assert c.public_bytes(serialization.Encoding.DER) == made.der
    assert isinstance(c.public_key().curve, ec.SECP256R1)
    extension = lambda kind: c.extensions.get_extension_for_class(kind)
    assert extension(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName) == ["localhost"]
    assert extension(x509.BasicConstraints).value.ca and extension(x509.BasicConstraints).critical
    assert set(extension(x509.ExtendedKeyUsage).value) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    usage = extension(x509.KeyUsage).value
    assert usage.digital_signature and usage.key_cert_sign and not usage.crl_sign
    c.verify_directly_issued_by(c)
    key = serialization.load_pem_private_key(made.key_pem, None)
    assert key.public_key().public_numbers() == c.public_key().public_numbers()


def test_it_is_good_now_and_for_any_build():
    c = x509.load_pem_x509_certificate(make_certificate().pem)
    now = datetime.datetime.now(datetime.timezone.utc)
    assert c.not_valid_before_utc < now - datetime.timedelta(minutes=30)
    assert c.not_valid_after_utc > now + datetime.timedelta(days=300)


def test_each_run_has_its_own():
    one, two = make_certificate(), make_certificate()
    assert one.key_pem != two.key_pem and one.der != two.der
