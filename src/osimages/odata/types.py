"""The primitive types of OData (CSDL, section 3.3), as declarations of properties name them."""

from osimages.odata.model.types import Primitive

Binary = Primitive.BINARY
Boolean = Primitive.BOOLEAN
Byte = Primitive.BYTE
Date = Primitive.DATE
DateTimeOffset = Primitive.DATETIMEOFFSET
Decimal = Primitive.DECIMAL
Double = Primitive.DOUBLE
Duration = Primitive.DURATION
Guid = Primitive.GUID
Int16 = Primitive.INT16
Int32 = Primitive.INT32
Int64 = Primitive.INT64
SByte = Primitive.SBYTE
Single = Primitive.SINGLE
String = Primitive.STRING
TimeOfDay = Primitive.TIMEOFDAY
