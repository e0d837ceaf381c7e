// column_table: what each column that one ADC reads does with its sum, five 32-bit words a column
// (docs/hardware.md): gain and sigma, offset, reference and output, shifts and signs, zero code.
//
// A read brings out what the column sum and its noise need; adc_move_i passes the settings of the
// ADC, of its INL and of the recombination one stage on, code_move_i those of the last two and
// output_move_i those of the last once more. All take one cycle, and hold.
`default_nettype none

module column_table #(
  parameter integer COLUMNS      = 1024,  // of all pages
  parameter integer COLUMN_WIDTH = 10     // $clog2(COLUMNS)
) (
  input  wire                    clk_i,

  input  wire                    we_i,
  input  wire [COLUMN_WIDTH-1:0] write_column_i,
  input  wire [159:0]            wdata_i,

  // For the column sum and its noise
  input  wire                    re_i,
  input  wire [COLUMN_WIDTH-1:0] column_i,
  output wire [15:0]             reference_o,
  output wire [15:0]             sigma_o,

  // For the ADC, one stage later
  input  wire                    adc_move_i,
  output wire [15:0]             gain_o,
  output wire signed [31:0]      offset_o,
  output wire [4:0]              shift_o,
  output wire [3:0]              bits_o,

  // For the INL of the code, one more stage later
  input  wire                    code_move_i,
  output wire [3:0]              code_bits_o,

  // For the recombination, and one more
  input  wire                    output_move_i,
  output wire [15:0]             output_o,
  output wire [4:0]              left_shift_o,
  output wire                    negative_o,
  output wire [11:0]             zero_code_o
);

  reg [159:0] settings_q [0:COLUMNS-1];

  // Not every bit of a word means something.
  // verilator lint_off UNUSEDSIGNAL
  reg [159:0] read_q;
  // verilator lint_on UNUSEDSIGNAL
  reg [31:0]  offset_q;
  reg [24:0]  range_q;    // bits, shift, gain
  reg [33:0]  place_q;    // zero code, negative, left shift, output
  reg [37:0]  code_q;     // bits, and the same one stage on
  reg [33:0]  output_q;   // and without the bits one more

  always @(posedge clk_i) begin
    if (we_i) settings_q[write_column_i] <= wdata_i;
    if (re_i) read_q <= settings_q[column_i];
    if (adc_move_i) begin
      offset_q <= read_q[63:32];
      range_q  <= {read_q[107:104], read_q[100:96], read_q[15:0]};
      place_q  <= {read_q[139:128], read_q[120], read_q[116:112], read_q[95:80]};
    end
    if (code_move_i) code_q <= {range_q[24:21], place_q};
    if (output_move_i) output_q <= code_q[33:0];
  end

  assign sigma_o     = read_q[31:16];
  assign reference_o = read_q[79:64];
  assign offset_o    = offset_q;
  assign code_bits_o = code_q[37:34];
  assign {bits_o, shift_o, gain_o}                         = range_q;
  assign {zero_code_o, negative_o, left_shift_o, output_o} = output_q;

endmodule

`default_nettype wire
